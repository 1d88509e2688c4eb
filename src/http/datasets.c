/* /v1/datasets: tables of numbers, built in or uploaded once as CSV or npy, for the objectives on
 * data. Reading is answered at once, from memory; changes are jobs. */
#include "http/datasets.h"

#include "codec/csv.h"
#include "codec/datasets.h"
#include "http/handlers.h"
#include "session/data.h"

#include <string.h>

const char *const dataset_put_query[] = {"target", NULL};
const char *const dataset_post_query[] = {"name", "target", NULL};
const char *const dataset_produces[] = {"application/json", "text/csv", NULL};

enum err_code datasets_attach(struct request *r, struct objective_given *given)
{
    if (!given->dataset || given->data || dataset_find(given->dataset))
        return ERR_OK;
    return engine_dataset(r->service->engine, given->dataset, &r->arena, &given->data, &r->err);
}

/* ---- reading --------------------------------------------------------------------------------- */

void datasets_begin(struct request *r)
{
    struct dataset *sets = NULL;
    size_t count = 0;
    if (engine_datasets(r->service->engine, &r->arena, &sets, &count, &r->err))
        return;
    r->settled = true;
    datasets_write_list(request_answer(r, 200, "application/json"), sets, count);
}

static const char *name_at(const void *table, int i)
{
    (void)table;
    return dataset_at(i)->name;
}

void dataset_begin(struct request *r)
{
    const char *name = r->parameters[0];
    const struct dataset *d = dataset_find(name);
    if (!d && engine_dataset(r->service->engine, name, &r->arena, &d, &r->err))
        return;
    if (!d) {
        err_add(&r->err, ERR_NOT_FOUND, "", "no data set is called \"%.60s\"", name);
        err_suggest(&r->err, err_nearest(name, name_at, NULL, dataset_count()));
        return;
    }
    r->settled = true;
    struct buf *out = request_answer(r, 200, dataset_produces[r->offer]);
    if (r->offer == 0)
        datasets_write(out, d, true);
    else
        csv_write_dataset(out, d);
}

/* ---- changing -------------------------------------------------------------------------------- */

static enum err_code check_name(struct request *r, const char *name)
{
    if (!name)
        return err_add(&r->err, ERR_REQUEST, "", "a data set has a name: ?name=…");
    if (!dataset_name_good(name))
        return err_add(&r->err, ERR_VALIDATION, "",
                       "a name has 1 to %d characters of A-Z a-z 0-9 . _ -", DATASET_NAME_LEN);
    if (dataset_find(name))
        return err_add(&r->err, ERR_NAME_TAKEN, "",
                       "the data set \"%s\" is built in; use another name", name);
    return ERR_OK;
}

/* What is sent in place of a table now and then, and read as CSV would only be a riddle. */
static enum err_code check_form(struct request *r)
{
    const char *body = (const char *)r->body.data;
    if (r->body.len > 3 && memcmp(body, "PK\3\4", 4) == 0)
        return err_add(&r->err, ERR_VALIDATION, "",
                       "this is a zip file such as npz; send one array, as numpy.save writes it");
    if (r->body.len > 1 && (body[0] == '{' || (body[0] == '[' && body[1] == '[')))
        return err_add(&r->err, ERR_VALIDATION, "",
                       "this is JSON; a data set is sent as CSV, the target in its last column, or "
                       "as npy");
    return ERR_OK;
}

/* npy begins with a byte that no text has; everything else is CSV. */
static void upload(struct request *r, const char *name)
{
    const char *target = target_arg(&r->target, "target");
    struct dataset *d = request_alloc(r, 1, sizeof *d);
    if (!d || check_name(r, name) || check_form(r))
        return;
    if (r->body.len > 0 && r->body.data[0] == '\x93')
        npy_read_dataset(&r->arena, r->body.data, r->body.len, target, d, &r->err);
    else
        csv_read_dataset(&r->arena, r->body.data, r->body.len, target, d, &r->err);
    d->name = name;
    r->job.dataset = d;
    r->job.kind = JOB_DATASET_PUT;
}

void dataset_put_begin(struct request *r)
{
    upload(r, r->parameters[0]);
}

void dataset_post_begin(struct request *r)
{
    upload(r, target_arg(&r->target, "name"));
}

void dataset_uploaded(struct request *r)
{
    const struct dataset *d = r->job.dataset;
    struct buf *out = request_answer(r, r->job.created ? 201 : 200, "application/json");
    if (r->job.created)
        r->answer.location = arena_printf(&r->arena, "/v1/datasets/%s", d->name);
    datasets_write(out, d, false);
}

void dataset_delete_begin(struct request *r)
{
    const char *name = r->parameters[0];
    if (dataset_find(name))
        err_add(&r->err, ERR_VALIDATION, "", "the data set \"%s\" is built in, and stays", name);
    r->job.kind = JOB_DATASET_DELETE;
    r->job.id = name;
}

void dataset_delete_finish(struct request *r)
{
    request_answer(r, 204, NULL);
}
