#!/bin/sh
# Training with stepd from a shell: awk computes the gradients, curl sends them, the server makes the steps.
#
#     sh client.sh [URL]             (default http://127.0.0.1:7837; needs curl and any POSIX awk)
#
# Softmax regression on iris.csv with adam and with momentum; least squares on diabetes.csv with newton (one
# step) and with adam, measured against the closed-form solution. Ends with status 1 if a goal is missed.
set -eu
url=${1:-http://127.0.0.1:7837}
data=$(dirname "$0")/data
missed=0

# call METHOD PATH: sends standard input, prints the answer; an error answer goes to stderr and ends.
call() {
    answer=$(curl -sS -X "$1" --data-binary @- -w '\n%{http_code}' "$url$2")
    case ${answer##*
} in 2*) printf '%s\n' "${answer%
*}" ;; *) printf '%s %s: %s\n' "$1" "$2" "$answer" >&2; exit 1 ;; esac
}

# The numbers of the parameters, one line, out of an answer.
parameters() { sed 's/.*"parameters":\[\([^]]*\)\].*/\1/' | tr ',' ' '; }
session_id() { sed 's/^{"id":"\([^"]*\)".*/\1/'; }

# Prints the table without its heading, features standardised; the target too where -v target=1.
# shellcheck disable=SC2016
standardise='NR > 1 { n++; for (j = 1; j <= NF; j++) { v[n,j] = $j; s[j] += $j; q[j] += $j * $j } columns = NF }
END { last = target ? columns : columns - 1
    for (j = 1; j <= last; j++) { s[j] /= n; q[j] = sqrt(q[j] / n - s[j] * s[j]) }
    for (i = 1; i <= n; i++) for (j = 1; j <= columns; j++)
        printf "%.17g%s", (j <= last ? (v[i,j] - s[j]) / q[j] : v[i,j]), (j < columns ? " " : "\n") }'

# Prints the step to send; with -v ask=accuracy the share of flowers that the parameters name rightly.
# shellcheck disable=SC2016
iris_awk='BEGIN { split(w, p, " ") }
{ n++; total = 0; best = 1
    for (k = 0; k < 3; k++) { z = p[5*k+5]; for (j = 1; j <= 4; j++) z += p[5*k+j] * $j
        e[k] = exp(z); total += e[k]; if (e[k] > e[best-1]) best = k + 1 }
    right += (best - 1 == $5); loss -= log(e[$5] / total)
    for (k = 0; k < 3; k++) { d = e[k] / total - (k == $5)
        for (j = 1; j <= 4; j++) g[5*k+j] += d * $j; g[5*k+5] += d } }
END { if (ask == "accuracy") { printf "%.4f\n", right / n; exit }
    printf "{\"gradient\":["; for (j = 1; j <= 15; j++) printf "%s%.17g", (j > 1 ? "," : ""), g[j] / n
    printf "],\"loss\":%.17g}\n", loss / n }'
flowers=$(awk -F, "$standardise" "$data/iris.csv")

iris() { # optimizer as JSON, its name, steps
    made=$(printf '{"optimizer":%s,"parameters":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}' "$1" | call POST /v1/sessions)
    id=$(printf '%s' "$made" | session_id); w=$(printf '%s' "$made" | parameters); i=0
    while [ $i -lt "$3" ]; do
        w=$(printf '%s\n' "$flowers" | awk -v w="$w" "$iris_awk" | call POST "/v1/sessions/$id/steps" | parameters)
        i=$((i + 1))
    done
    accuracy=$(printf '%s\n' "$flowers" | awk -v w="$w" -v ask=accuracy "$iris_awk")
    call DELETE "/v1/sessions/$id" </dev/null >/dev/null
    report "$(awk "BEGIN { print ($accuracy >= 0.96) }")" "iris with $2: accuracy $accuracy after $3 steps"
}

# The moments A = X'X/n, b = X'y/n, c = y'y/n are all that least squares needs, and are computed once: a
# row of A and its b on each line, c last.
# shellcheck disable=SC2016
moments='{ m = NF; y = $m; $m = 1; c += y * y
    for (j = 1; j <= m; j++) { b[j] += $j * y; for (k = 1; k <= m; k++) A[j,k] += $j * $k } }
END { for (j = 1; j <= m; j++) { for (k = 1; k <= m; k++) printf "%.17g ", A[j,k] / NR; printf "%.17g\n", b[j] / NR }
    printf "%.17g\n", c / NR }'
patients=$(awk -F, -v target=1 "$standardise" "$data/diabetes.csv" | awk "$moments")

# The gradient is Aw - b, the loss (w'Aw - 2w'b + c)/2. ask: step, hessian (a step with it), gap (loss above
# the closed form).
# shellcheck disable=SC2016
diabetes_awk='NF > 1 { m++; for (k = 1; k < NF; k++) A[m,k] = $k; b[m] = $NF } NF == 1 { c = $1 }
function loss(x,  i, j, t) { t = c; for (i = 1; i <= m; i++) { t -= 2 * x[i] * b[i]
    for (j = 1; j <= m; j++) t += x[i] * x[j] * A[i,j] } return t / 2 }
function solve(  i, k, j, f) { for (i = 1; i <= m; i++) { r[i] = b[i]; for (j = 1; j <= m; j++) M[i,j] = A[i,j] }
    for (i = 1; i <= m; i++) for (k = i + 1; k <= m; k++) { f = M[k,i] / M[i,i]; r[k] -= f * r[i]
        for (j = i; j <= m; j++) M[k,j] -= f * M[i,j] }
    for (i = m; i > 0; i--) { x[i] = r[i]; for (j = i + 1; j <= m; j++) x[i] -= M[i,j] * x[j]; x[i] /= M[i,i] } }
END { split(w, p, " ")
    if (ask == "gap") { solve(); printf "%.3e\n", loss(p) - loss(x); exit }
    printf "{\"gradient\":["
    for (j = 1; j <= m; j++) { g = -b[j]; for (k = 1; k <= m; k++) g += A[j,k] * p[k]; printf "%s%.17g", (j > 1 ? "," : ""), g }
    printf "],\"loss\":%.17g", loss(p)
    if (ask == "hessian") { printf ",\"hessian\":["
        for (j = 1; j <= m; j++) { printf "%s[", (j > 1 ? "," : ""); for (k = 1; k <= m; k++) printf "%s%.17g", (k > 1 ? "," : ""), A[j,k]; printf "]" }
        printf "]" }
    printf "}\n" }'

diabetes() { # optimizer as JSON, its name, steps, tolerance, what to send
    made=$(printf '{"optimizer":%s,"parameters":[0,0,0,0,0,0,0,0,0,0,0]}' "$1" | call POST /v1/sessions)
    id=$(printf '%s' "$made" | session_id); w=$(printf '%s' "$made" | parameters); i=0
    while [ $i -lt "$3" ]; do
        w=$(printf '%s\n' "$patients" | awk -v w="$w" -v ask="$5" "$diabetes_awk" | call POST "/v1/sessions/$id/steps" | parameters)
        i=$((i + 1))
    done
    gap=$(printf '%s\n' "$patients" | awk -v w="$w" -v ask=gap "$diabetes_awk")
    call DELETE "/v1/sessions/$id" </dev/null >/dev/null
    report "$(awk "BEGIN { print ($gap <= $4) }")" "diabetes with $2: loss $gap above the closed form after $3 steps"
}

report() {
    if [ "$1" = 1 ]; then echo "ok      $2"; else echo "MISSED  $2"; missed=1; fi
}

iris '{"name":"adam","lr":0.1}' adam 100
iris '{"name":"momentum","lr":0.2,"beta":0.9}' momentum 150
diabetes '"newton"' newton 1 1e-6 hessian
diabetes '{"name":"adam","lr":0.1}' adam 150 1e-3 step
exit $missed
