/* /v1/objectives: the catalogue, losses at points, and grids of losses for contour maps. All of it
 * is computed in the network thread, so that there is a limit on the work of one request. */
#include "http/datasets.h"
#include "http/handlers.h"
#include "http/request.h"

#include "codec/objective.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const surface_query[] = {"x", "y", "axes", "at", "objective", NULL};

/* Multiplications, roughly, and numbers of an answer. */
static const double cost_max = 5e7, numbers_max = 1e6;

/* Points of a grid along one side; fewer where each one is a pass over data. */
enum { GRID_LEAST = 2, GRID_MOST = 512, GRID_FUNCTION = 101, GRID_MODEL = 51 };

/* The objective in the path; NULL after adding that there is none. */
static const struct objective *find(struct request *r)
{
    const char *name = r->parameters[0];
    const struct objective *o = objective_find(name);
    if (!o) {
        err_add(&r->err, ERR_NOT_FOUND, "", "no objective is called \"%.100s\"", name);
        err_suggest(&r->err, objective_meant(name));
    }
    return o;
}

/* The objective in the path with the options given; NULL after a violation. */
static struct objective_spec *make(struct request *r, struct objective_given *given)
{
    const struct objective *o = find(r);
    struct objective_spec *s = NULL;
    if (!o)
        return NULL;
    if (given->name && strcmp(given->name, o->name) != 0) {
        err_add(&r->err, ERR_VALIDATION, "#/objective/name", "the path names %s, not \"%.60s\"",
                o->name, given->name);
        return NULL;
    }
    given->name = o->name;
    if (datasets_attach(r, given))
        return NULL;
    return objective_make(given, "#/objective", &r->arena, &s, &r->err) ? NULL : s;
}

void objectives_begin(struct request *r)
{
    r->settled = true;
    objectives_write_list(request_answer(r, 200, "application/json"));
}

void objective_begin(struct request *r)
{
    struct objective_given given = {.batch_size = -1, .seed = -1};
    struct objective_spec *s = make(r, &given);
    if (!s)
        return;
    r->settled = true;
    objectives_write(request_answer(r, 200, "application/json"), s, &r->arena);
}

static enum err_code check_work(struct request *r, double cost, double numbers)
{
    if (cost > cost_max)
        return err_add(&r->err, ERR_VALIDATION, "",
                       "this is too much work for one request; take fewer points or samples");
    if (numbers > numbers_max)
        return err_add(&r->err, ERR_VALIDATION, "",
                       "the answer would have %.0f numbers; at most %.0f", numbers, numbers_max);
    return ERR_OK;
}

/* ---- points -----------------------------------------------------------------------------------
 */

static enum err_code check_points(struct request *r, const struct evaluate_body *b,
                                  const struct objective_spec *s)
{
    const double n = (double)s->n, each = objective_cost(s, (uint64_t)b->step);
    const double numbers = 1 + (b->gradient ? n : 0) + (b->hessian ? n * n : 0);
    if (b->dimension != s->n)
        return err_add(&r->err, ERR_VALIDATION, "#/points",
                       "%s has %zu parameters here; the points have %zu", s->objective->name, s->n,
                       b->dimension);
    for (size_t i = 0; i < b->count * s->n; i++) {
        if (!isfinite(b->points[i]))
            return err_add(&r->err, ERR_VALIDATION, "#/points", "point %zu is not finite",
                           i / s->n);
    }
    return check_work(r, (double)b->count * each * (b->hessian ? n : 1),
                      (double)b->count * numbers);
}

/* Fills `ret`; its arrays lie in the request's arena. */
static enum err_code evaluate_points(struct request *r, const struct evaluate_body *b,
                                     struct evaluated *ret)
{
    const size_t n = ret->spec->n, count = b->count;
    double *loss = request_alloc(r, count, sizeof *loss), *gradient = NULL, *hessian = NULL;
    struct arena scratch;
    if (b->gradient)
        gradient = request_alloc(r, count * n, sizeof *gradient);
    if (b->hessian)
        hessian = request_alloc(r, count * n * n, sizeof *hessian);
    if (r->err.code)
        return r->err.code;
    arena_init(&scratch);
    for (size_t i = 0; i < count && !r->err.code; i++) {
        objective_evaluate(ret->spec, b->points + i * n, (uint64_t)b->step, loss + i,
                           gradient ? gradient + i * n : NULL, hessian ? hessian + i * n * n : NULL,
                           &scratch, &r->err);
        arena_reset(&scratch);
    }
    arena_close(&scratch);
    ret->count = count;
    ret->loss = loss;
    ret->gradient = gradient;
    ret->hessian = hessian;
    return r->err.code;
}

void objective_evaluate_begin(struct request *r)
{
    struct evaluate_body b;
    struct evaluated v = {0};
    if (!find(r) || json_read_evaluate(&r->arena, r->body.data, r->body.len, &b, &r->err))
        return;
    b.objective.dimension = b.dimension;
    v.spec = make(r, &b.objective);
    if (!v.spec || check_points(r, &b, v.spec) || evaluate_points(r, &b, &v))
        return;
    r->settled = true;
    json_write_evaluated(request_answer(r, 200, "application/json"), &v);
}

/* ---- grids ------------------------------------------------------------------------------------
 */

struct axis {
    double low, high;
    size_t count;
};

/* `count` numbers with commas between; false: these are not as many, or no finite ones. */
static bool read_numbers(const char *text, double *ret, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *end;
        ret[i] = strtod(text, &end);
        if (end == text || !isfinite(ret[i]) || *end != (i + 1 < count ? ',' : '\0'))
            return false;
        text = end + 1;
    }
    return true;
}

/* "-2,2,101"; `ret` keeps its value where nothing is given. */
static void read_axis(struct request *r, const char *name, struct axis *ret)
{
    const char *text = target_arg(&r->target, name);
    double given[3];
    if (!text)
        return;
    if (!read_numbers(text, given, 3) || !(given[0] < given[1]) || given[2] != floor(given[2]) ||
        !(given[2] >= GRID_LEAST && given[2] <= GRID_MOST)) {
        err_add(&r->err, ERR_REQUEST, "",
                "%s is least, largest and number of points (%d to %d), such as -2,2,101, not "
                "\"%.60s\"",
                name, GRID_LEAST, GRID_MOST, text);
        return;
    }
    *ret = (struct axis){given[0], given[1], (size_t)given[2]};
}

/* Which two parameters vary. */
static void read_axes(struct request *r, const struct objective_spec *s, size_t axis[2])
{
    const char *text = target_arg(&r->target, "axes");
    double given[2];
    if (!text)
        return;
    bool good = s->n >= 2 && read_numbers(text, given, 2) && given[0] != given[1];
    for (int k = 0; good && k < 2; k++)
        good = given[k] >= 0 && given[k] < (double)s->n && given[k] == floor(given[k]);
    if (!good) {
        err_add(&r->err, ERR_REQUEST, "",
                "axes are two different parameters, counted from 0, of the %zu of %s, not "
                "\"%.60s\"",
                s->n, s->objective->name, text);
        return;
    }
    axis[0] = (size_t)given[0];
    axis[1] = (size_t)given[1];
}

/* The point that the plane goes through: the minimum where one is known, else the start. */
static double *read_at(struct request *r, const struct objective_spec *s)
{
    const char *text = target_arg(&r->target, "at");
    double *at = request_alloc(r, s->n, sizeof *at), loss;
    if (!at)
        return NULL;
    if (text && !read_numbers(text, at, s->n))
        err_add(&r->err, ERR_REQUEST, "", "at is a list of %zu numbers, not \"%.60s\"", s->n, text);
    else if (!text && !objective_minimum(s, 0, at, &loss, &r->arena))
        objective_start(s, 0, at);
    return at;
}

/* The numbers of an axis; the ends are exact. */
static double *spread(struct request *r, const struct axis *a)
{
    double *x = request_alloc(r, a->count, sizeof *x);
    for (size_t i = 0; x && i < a->count; i++) {
        double part = (double)i / (double)(a->count - 1);
        x[i] = i + 1 == a->count ? a->high : a->low + (a->high - a->low) * part;
    }
    return x;
}

static enum err_code fill_grid(struct request *r, struct surface *v)
{
    const size_t n = v->spec->n;
    double *w = request_alloc(r, n, sizeof *w);
    double *loss = request_alloc(r, v->rows * v->columns, sizeof *loss);
    struct arena scratch;
    if (!w || !loss)
        return r->err.code;
    memcpy(w, v->at, n * sizeof *w);
    arena_init(&scratch);
    for (size_t i = 0; i < v->rows * v->columns && !r->err.code; i++) {
        w[v->axis[0]] = v->x[i % v->columns];
        if (v->y)
            w[v->axis[1]] = v->y[i / v->columns];
        objective_evaluate(v->spec, w, 0, loss + i, NULL, NULL, &scratch, &r->err);
        arena_reset(&scratch);
    }
    arena_close(&scratch);
    v->loss = loss;
    return r->err.code;
}

/* The options of the query, JSON as in a session's `objective`. */
static struct objective_spec *make_by_query(struct request *r)
{
    struct objective_given given = {.batch_size = -1, .seed = -1};
    const char *text = target_arg(&r->target, "objective");
    if (text && json_read_objective(&r->arena, text, strlen(text), &given, &r->err))
        return NULL;
    return make(r, &given);
}

void objective_surface_begin(struct request *r)
{
    struct surface v = {.axis = {0, 1}};
    struct objective_spec *s = find(r) ? make_by_query(r) : NULL;
    if (!s)
        return;
    const struct objective *o = s->objective;
    size_t count = o->model ? GRID_MODEL : GRID_FUNCTION;
    struct axis x = {o->low[0], o->high[0], count}, y = {o->low[1], o->high[1], count};
    bool plane = s->n > 1;
    read_axis(r, "x", &x);
    read_axis(r, "y", &y);
    read_axes(r, s, v.axis);
    if (!plane && target_arg(&r->target, "y"))
        err_add(&r->err, ERR_REQUEST, "", "%s has one parameter: there is no y", o->name);
    v.spec = s;
    v.at = read_at(r, s);
    v.columns = x.count;
    v.rows = plane ? y.count : 1;
    if (r->err.code || check_work(r, (double)(v.rows * v.columns) * objective_cost(s, 0),
                                  (double)(v.rows * v.columns + s->n)))
        return;
    v.x = spread(r, &x);
    v.y = plane ? spread(r, &y) : NULL;
    if (r->err.code || fill_grid(r, &v))
        return;
    r->settled = true;
    json_write_surface(request_answer(r, 200, "application/json"), &v, &r->arena);
}
