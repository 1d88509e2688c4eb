/* GET /v1/schedules and /v1/schedules/{name}: the catalogue, straight from the descriptors. */
#include "http/handlers.h"
#include "http/request.h"

#include "codec/json.h"
#include "math/schedule.h"

void schedules_begin(struct request *r)
{
    r->settled = true;
    schedules_write_list(request_answer(r, 200, "application/json"));
}

static const char *name_at(const void *table, int i)
{
    (void)table;
    return schedule_at(i)->name;
}

void schedule_begin(struct request *r)
{
    const char *name = r->parameters[0];
    const struct schedule *s = schedule_find(name);
    if (!s) {
        err_add(&r->err, ERR_NOT_FOUND, "", "no schedule is called \"%.100s\"", name);
        err_suggest(&r->err, err_nearest(name, name_at, NULL, schedule_count()));
        return;
    }
    r->settled = true;
    schedules_write(request_answer(r, 200, "application/json"), s);
}
