"""Update rules in 50 decimal digits: the steps worked by hand, and forms that no library has.

Each function takes the hyperparameters and returns step(t, w, g, state) → w for one coordinate;
`state` is a dict that starts empty. A rule of whole vectors says so by `takes_vectors`. Nothing here
is written for speed, and nothing is taken from a library.
"""

import decimal
from decimal import Decimal

decimal.getcontext().prec = 50


def exactly(x):
    """The decimal that the shortest form of x writes: 0.1 is one tenth."""
    return Decimal(repr(x))


def decimals(function):
    """Hands the rule its numbers as decimals."""

    def wrapped(**arguments):
        return function(**{
            k: exactly(v) if type(v) in (int, float) else v for k, v in arguments.items()
        })

    return wrapped


@decimals
def gd(lr):
    def step(t, w, g, state):
        return w - lr * g

    return step


@decimals
def momentum(lr, beta, form):
    gain = lr if form == "classical" else 1 - beta
    rate = 1 if form == "classical" else lr

    def step(t, w, g, state):
        state["v"] = beta * state.get("v", 0) + gain * g
        return w - rate * state["v"]

    return step


@decimals
def rmsprop(lr, rho, eps, eps_placement):
    def step(t, w, g, state):
        v = state["v"] = rho * state.get("v", 0) + (1 - rho) * g * g
        inside = eps_placement == "inside"
        return w - lr * g / ((v + eps).sqrt() if inside else v.sqrt() + eps)

    return step


@decimals
def adam(lr, beta1, beta2, eps, bias_correction=True):
    def step(t, w, g, state):
        m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
        v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g * g
        if bias_correction:
            m, v = m / (1 - beta1**t), v / (1 - beta2**t)
        return w - lr * m / (v.sqrt() + eps)

    return step


@decimals
def qhadam(lr, beta1, beta2, nu1, nu2, eps):
    def step(t, w, g, state):
        m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
        v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g * g
        m, v = m / (1 - beta1**t), v / (1 - beta2**t)
        above = nu1 * m + (1 - nu1) * g
        return w - lr * above / ((nu2 * v + (1 - nu2) * g * g).sqrt() + eps)

    return step


@decimals
def adabound(lr, beta1, beta2, eps, final_lr, gamma):
    def step(t, w, g, state):
        m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
        v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g * g
        size = lr * (1 - beta2**t).sqrt() / (1 - beta1**t) / (v.sqrt() + eps)
        low, high = final_lr * (1 - 1 / (gamma * t + 1)), final_lr * (1 + 1 / (gamma * t))
        return w - min(max(size, low), high) * m

    return step


@decimals
def adamod(lr, beta1, beta2, beta3, eps):
    def step(t, w, g, state):
        m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
        v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g * g
        eta = lr / ((v / (1 - beta2**t)).sqrt() + eps)
        s = state["s"] = beta3 * state.get("s", 0) + (1 - beta3) * eta
        return w - min(eta, s) * m / (1 - beta1**t)

    return step


@decimals
def diffgrad(lr, beta1, beta2, eps):
    def step(t, w, g, state):
        friction = 1 / (1 + (-abs(state.get("g", 0) - g)).exp())
        state["g"] = g
        m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
        v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g * g
        return w - lr * friction * m / (1 - beta1**t) / ((v / (1 - beta2**t)).sqrt() + eps)

    return step


@decimals
def adamax(lr, beta1, beta2):
    def step(t, w, g, state):
        m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
        u = state["u"] = max(beta2 * state.get("u", 0), abs(g))
        return w - lr / (1 - beta1**t) * m / u if u else w

    return step


@decimals
def ftrl(lr, beta, l1, l2):
    """Algorithm 1 of the paper: alpha, beta, lambda 1 and 2."""

    def step(t, w, g, state):
        before = state.get("n", Decimal(0))
        n = state["n"] = before + g * g
        z = state["z"] = state.get("z", 0) + g - (n.sqrt() - before.sqrt()) / lr * w
        if abs(z) <= l1:
            return Decimal(0)
        return -(z - l1.copy_sign(z)) / ((beta + n.sqrt()) / lr + l2)

    return step


@decimals
def nadam(lr, beta1, beta2, eps, momentum_decay):
    def momentum_at(t):
        return beta1 * (1 - (Decimal("0.96") ** (t * momentum_decay)) / 2)

    def step(t, w, g, state):
        mu, next_mu = momentum_at(t), momentum_at(t + 1)
        p = state["p"] = state.get("p", 1) * mu
        m = state["m"] = mu * state.get("m", 0) + (1 - mu) * g
        v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g * g
        ahead = next_mu * m / (1 - p * next_mu) + (1 - mu) * g / (1 - p)
        return w - lr * ahead / ((v / (1 - beta2**t)).sqrt() + eps)

    return step


@decimals
def radam(lr, beta1, beta2, eps):
    most = 2 / (1 - beta2) - 1

    def step(t, w, g, state):
        m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
        v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g * g
        rho = most - 2 * t * beta2**t / (1 - beta2**t)
        mean = m / (1 - beta1**t)
        if rho <= 4:
            return w - lr * mean
        r = ((rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho)).sqrt()
        return w - lr * r * mean / ((v / (1 - beta2**t)).sqrt() + eps)

    return step


def sign(x):
    return Decimal((x > 0) - (x < 0))


@decimals
def rprop(lr, eta_minus, eta_plus, min_step_size, max_step_size):
    """With the last move taken back where the sign changes."""

    def step(t, w, g, state):
        size, turned = state.get("size", lr), sign(g) * sign(state.get("g", Decimal(0)))
        if turned > 0:
            size = min(size * eta_plus, max_step_size)
        if turned < 0:
            size, move, g = max(size * eta_minus, min_step_size), -state["move"], Decimal(0)
        else:
            move = -size * sign(g)
        state["size"], state["move"], state["g"] = size, move, g
        return w + move

    return step


@decimals
def lion(lr, beta1, beta2):
    def step(t, w, g, state):
        m = state.get("m", 0)
        state["m"] = beta2 * m + (1 - beta2) * g
        return w - lr * sign(beta1 * m + (1 - beta1) * g)

    return step


@decimals
def yogi(lr, beta1, beta2, eps):
    def step(t, w, g, state):
        m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
        v = state.get("v", Decimal(0))
        v = state["v"] = v - (1 - beta2) * sign(v - g * g) * g * g
        return w - lr * m / (v.sqrt() + eps)

    return step


def solve(a, b):
    """x with a x = b, by elimination with the largest pivot."""
    rows = [row + [y] for row, y in zip(a, b)]
    n = len(rows)
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(rows[i][k]))
        rows[k], rows[pivot] = rows[pivot], rows[k]
        for i in range(n):
            if i != k:
                factor = rows[i][k] / rows[k][k]
                rows[i] = [x - factor * y for x, y in zip(rows[i], rows[k])]
    return [rows[k][n] / rows[k][k] for k in range(n)]


def newton(lr, damping=0.0, hessian=None, hessian_diagonal=None):
    """w - lr (H + damping I)^-1 g, with the whole matrix or its diagonal."""
    n = len(hessian or hessian_diagonal)
    h = hessian or [[hessian_diagonal[i] * (i == j) for j in range(n)] for i in range(n)]
    matrix = [[exactly(h[i][j]) + exactly(damping) * (i == j) for j in range(n)] for i in range(n)]

    def whole(t, w, g, state):
        return [x - exactly(lr) * y for x, y in zip(w, solve(matrix, g))]

    whole.takes_vectors = True
    return whole


def norm(x):
    return sum(y * y for y in x).sqrt()


@decimals
def lars(lr, momentum, trust_coefficient, weight_decay):
    """Algorithm 1 of the paper: the rate of a tensor is trust |w| / (|g| + decay |w|)."""

    def whole(t, w, g, state):
        rate = trust_coefficient * norm(w) / (norm(g) + weight_decay * norm(w))
        b = state["b"] = [momentum * x + lr * rate * (y + weight_decay * z)
                          for x, y, z in zip(state.get("b", [0] * len(w)), g, w)]
        return [x - y for x, y in zip(w, b)]

    whole.takes_vectors = True
    return whole


@decimals
def mars(lr, beta1, beta2, gamma, eps):
    def whole(t, w, g, state):
        before = state.get("g", [0] * len(w))
        c = [x + gamma * beta1 / (1 - beta1) * (x - y) for x, y in zip(g, before)]
        c = [x / max(norm(c), 1) for x in c]
        state["g"] = g
        m = state["m"] = [beta1 * x + (1 - beta1) * y
                          for x, y in zip(state.get("m", [0] * len(w)), c)]
        v = state["v"] = [beta2 * x + (1 - beta2) * y * y
                          for x, y in zip(state.get("v", [0] * len(w)), c)]
        return [x - lr * y / (1 - beta1**t) / ((z / (1 - beta2**t)).sqrt() + eps)
                for x, y, z in zip(w, m, v)]

    whole.takes_vectors = True
    return whole


@decimals
def barzilai_borwein(lr, variant, max_lr=10**10):
    """lr where there is no curvature to measure."""

    def whole(t, w, g, state):
        rate = lr
        if t > 1:
            s = [x - y for x, y in zip(w, state["w"])]  # nothing is lost in 50 digits
            y = [x - y for x, y in zip(g, state["g"])]
            ss, sy, yy = (sum(a * b for a, b in zip(*pair)) for pair in ((s, s), (s, y), (y, y)))
            longer = variant == "long" or (variant == "alternate" and t % 2 == 0)
            if sy > 0:
                rate = ss / sy if longer else sy / yy
        state["w"], state["g"] = w, g
        return [x - min(rate, max_lr) * y for x, y in zip(w, g)]

    whole.takes_vectors = True
    return whole


def run(rule, start, gradient, steps):
    """Yields the parameters after every step, rounded to double; rule(t) is the rule of step t."""
    w = [exactly(x) for x in start]
    state, shared = [{} for _ in w], {}
    for t in range(1, steps + 1):
        step = rule(t)
        g = [x if isinstance(x, Decimal) else exactly(x) for x in gradient(t, w)]
        if getattr(step, "takes_vectors", False):
            w = step(t, w, g, shared)
        else:
            w = [step(t, *each) for each in zip(w, g, state)]
        yield [float(x) for x in w]
