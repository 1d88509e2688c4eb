/* A small multilayer perceptron: hidden layers with an activation, then linear scores.
 *
 *   A_0 = X,  A_l = act(A_{l-1} W_l + b_l),  Z = A_{L-1} W_L + b_L
 *
 * W_l is inputs × outputs, row-major, followed by b_l; layers one after the other. Gradients by
 * backpropagation, each product of matrices by BLAS. No Hessian: n² numbers of which nobody would
 * use one. */
#include "math/model.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

enum { STANDARDIZE, L2, ACTIVATION, TASK };
enum { HIDDEN };
enum { TANH, RELU, SIGMOID };
enum { CLASSIFICATION, REGRESSION };
enum { LAYERS = OBJECTIVE_TENSORS / 2 };

static const char *const activations[] = {"tanh", "relu", "sigmoid", NULL};
static const char *const tasks[] = {"classification", "regression", NULL};

static const struct hyper hypers[] = {
    MODEL_ROW_STANDARDIZE, MODEL_ROW_L2,
    OPTION_CHOICE("activation", TANH, activations, "What each hidden unit makes of its sum."),
    OPTION_CHOICE("task", CLASSIFICATION, tasks,
                  "Cross entropy over the classes 0 … K-1 that y holds, or half the mean squared "
                  "error of one output."),
    OPTIONS_END};

static const struct array_option arrays[] = {
    {"hidden", 1, "Units of each hidden layer, at most seven layers; [8] where it is left out."},
    {.name = NULL}};

/* Sizes of layers: size[0] features, size[count] outputs; layer l has its weights at offset[l]. */
struct net {
    size_t count, size[LAYERS + 1], offset[LAYERS];
    model_loss *loss;
};

static const char *const weight_names[] = {"W1", "W2", "W3", "W4", "W5", "W6", "W7", "W8"};
static const char *const bias_names[] = {"b1", "b2", "b3", "b4", "b5", "b6", "b7", "b8"};

static enum err_code take_hidden(struct objective_spec *s, struct net *net, const char *prefix,
                                 struct err *err)
{
    static const double usual[] = {8};
    if (!s->array[HIDDEN].data)
        s->array[HIDDEN] = (struct array_given){"hidden", 1, usual, 1, 1};
    const double *units = s->array[HIDDEN].data;
    net->count = s->array[HIDDEN].rows;
    if (net->count >= LAYERS)
        return hyper_refuse(prefix, "hidden", err, "%zu hidden layers; at most %d", net->count,
                            LAYERS - 1);
    for (size_t l = 0; l < net->count; l++) {
        if (!(units[l] >= 1 && units[l] <= 10000 && units[l] == floor(units[l])))
            return hyper_refuse(prefix, "hidden", err,
                                "a layer has a whole number of units, 1 to 10000, not %.9g",
                                units[l]);
        net->size[l + 1] = (size_t)units[l];
    }
    net->size[0] = s->data.columns;
    net->size[++net->count] = s->outputs;
    return ERR_OK;
}

/* Places of weights and intercepts, layer by layer. */
static void lay_out(struct objective_spec *s, struct net *net)
{
    for (size_t l = 0; l < net->count; l++) {
        size_t in = net->size[l], out = net->size[l + 1];
        struct tensor *t = &s->tensors[2 * l];
        net->offset[l] = s->n;
        t[0] = (struct tensor){.name = weight_names[l],
                               .rank = 2,
                               .shape = {(int64_t)in, (int64_t)out},
                               .offset = s->n,
                               .count = in * out,
                               .form = TENSOR_NESTED};
        t[1] = (struct tensor){.name = bias_names[l],
                               .rank = 1,
                               .shape = {(int64_t)out},
                               .offset = s->n + in * out,
                               .count = out,
                               .form = TENSOR_NESTED};
        s->n += (in + 1) * out;
    }
    s->tensor_count = (int)(2 * net->count);
}

static enum err_code prepare(struct objective_spec *s, struct arena *a, const char *prefix,
                             struct err *err)
{
    struct net *net = arena_zalloc(a, 1, sizeof *net);
    s->tensors = arena_zalloc(a, OBJECTIVE_TENSORS, sizeof *s->tensors);
    if (!net || !s->tensors)
        return err_add(err, ERR_MEMORY, NULL, "no memory for the network");
    net->loss = s->h[TASK] == REGRESSION ? model_squared : model_softmax;
    enum err_code code = ERR_OK;
    if (s->h[TASK] == CLASSIFICATION)
        code = model_classes(s, a, prefix, err);
    if (code == ERR_OK)
        code = take_hidden(s, net, prefix, err);
    if (code == ERR_OK)
        lay_out(s, net);
    s->prepared = net;
    return code;
}

/* ---- activations -------------------------------------------------------------------------- */

static void activate(int kind, double *a, size_t count)
{
    for (size_t i = 0; i < count; i++)
        a[i] = kind == TANH ? tanh(a[i]) : kind == RELU ? fmax(a[i], 0) : 1 / (1 + exp(-a[i]));
}

/* Times the derivative, which each activation tells from its own value. */
static void multiply_slope(int kind, const double *a, size_t count, double *d)
{
    for (size_t i = 0; i < count; i++)
        d[i] *= kind == TANH   ? 1 - a[i] * a[i]
                : kind == RELU ? (a[i] > 0 ? 1 : 0)
                               : a[i] * (1 - a[i]);
}

/* ---- forward and back --------------------------------------------------------------------- */

/* The values of layer l+1 for all rows, before its activation. */
static void forward(const struct evaluation *e, const struct net *net, size_t l, const double *from,
                    double *to)
{
    const size_t in = net->size[l], out = net->size[l + 1];
    const double *weights = e->w + net->offset[l], *bias = weights + in * out;
    for (size_t i = 0; i < e->rows; i++)
        memcpy(to + i * out, bias, out * sizeof *to);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)e->rows, (int)out, (int)in, 1, from,
                (int)in, weights, (int)out, 1, to, (int)out);
}

/* From the gradient by the sums of layer l+1, `d`, to that by its weights and, where there is a
 * layer before, by the values of that one. */
static void backward(const struct evaluation *e, const struct net *net, size_t l,
                     const double *from, const double *d, double *ret_before)
{
    const size_t in = net->size[l], out = net->size[l + 1];
    const double *weights = e->w + net->offset[l];
    double *g = e->ret_gradient + net->offset[l], *bias = g + in * out;
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)in, (int)out, (int)e->rows, 1, from,
                (int)in, d, (int)out, 0, g, (int)out);
    cblas_daxpy((int)(in * out), e->spec->h[L2], weights, 1, g, 1);
    memset(bias, 0, out * sizeof *bias);
    for (size_t i = 0; i < e->rows; i++) {
        for (size_t j = 0; j < out; j++)
            bias[j] += d[i * out + j];
    }
    if (ret_before)
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)e->rows, (int)in, (int)out, 1, d,
                    (int)out, weights, (int)out, 0, ret_before, (int)in);
}

static double square_of_weights(const struct evaluation *e, const struct net *net)
{
    double sum = 0;
    for (size_t l = 0; l < net->count; l++) {
        const double *w = e->w + net->offset[l];
        for (size_t i = 0; i < net->size[l] * net->size[l + 1]; i++)
            sum += w[i] * w[i];
    }
    return sum;
}

static enum err_code evaluate(const struct evaluation *e, struct err *err)
{
    const struct net *net = e->spec->prepared;
    const int activation = (int)e->spec->h[ACTIVATION];
    double *a[LAYERS + 1] = {NULL}, *d = NULL, *before = NULL;
    size_t widest = 0;
    for (size_t l = 1; l <= net->count; l++) {
        widest = net->size[l] > widest ? net->size[l] : widest;
        a[l] = arena_alloc(e->scratch, e->rows * net->size[l] * sizeof *a[l]);
        if (!a[l])
            return err_add(err, ERR_MEMORY, NULL, "no memory for layer %zu", l);
        forward(e, net, l - 1, l == 1 ? e->x : a[l - 1], a[l]);
        if (l < net->count)
            activate(activation, a[l], e->rows * net->size[l]);
    }
    double mean = model_losses(e, net->loss, a[net->count]);
    if (e->ret_loss)
        *e->ret_loss = mean + e->spec->h[L2] * square_of_weights(e, net) / 2;
    if (!e->ret_gradient)
        return ERR_OK;
    before = arena_alloc(e->scratch, e->rows * widest * sizeof *before);
    if (!before)
        return err_add(err, ERR_MEMORY, NULL, "no memory for the gradient");
    d = a[net->count];
    for (size_t l = net->count; l > 0; l--) {
        backward(e, net, l - 1, l == 1 ? e->x : a[l - 1], d, l == 1 ? NULL : before);
        if (l == 1)
            break;
        multiply_slope(activation, a[l - 1], e->rows * net->size[l - 1], before);
        memcpy(a[l - 1], before, e->rows * net->size[l - 1] * sizeof *before);
        d = a[l - 1];
    }
    return ERR_OK;
}

/* Glorot & Bengio 2010: uniform in ±√(6/(in + out)), intercepts 0; drawn by the seed. */
static void start(const struct objective_spec *s, double *ret_w)
{
    const struct net *net = s->prepared;
    const struct random r = {s->sampling.seed, RANDOM_START, 0};
    random_uniforms(&r, 0, s->n, ret_w);
    for (size_t l = 0; l < net->count; l++) {
        size_t in = net->size[l], out = net->size[l + 1];
        double *w = ret_w + net->offset[l], reach = sqrt(6 / (double)(in + out));
        for (size_t i = 0; i < in * out; i++)
            w[i] = (2 * w[i] - 1) * reach;
        memset(w + in * out, 0, out * sizeof *w);
    }
}

const struct objective objective_mlp = {
    .name = "mlp",
    .title = "Multilayer perceptron",
    .formula = "A_l = \\varphi(A_{l-1} W_l + b_l),\\quad Z = A_{L-1} W_L + b_L,\\quad L = \\frac1N "
               "\\sum_{i=1}^N \\ell(z_i, y_i) + \\frac{\\lambda}{2} \\sum_l \\lVert W_l \\rVert^2",
    .doc = "A small neural network: layers of units, trained by backpropagation. Not convex; all "
           "zero is a stationary point, so that the start is random, by the seed.",
    .stability = "The curvature changes as the network learns: no bound is known beforehand.",
    .reference = "Rumelhart, Hinton, Williams, Learning representations by back-propagating "
                 "errors, 1986; start: Glorot & Bengio 2010",
    .model = true,
    .low = {-5, -5},
    .high = {5, 5},
    .hypers = hypers,
    .arrays = arrays,
    .dataset = "iris",
    .prepare = prepare,
    .evaluate = evaluate,
    .start = start,
};
