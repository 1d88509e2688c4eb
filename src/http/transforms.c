/* GET /v1/transforms and /v1/transforms/{name}: the catalogue, straight from the descriptors. */
#include "http/handlers.h"
#include "http/request.h"

#include "codec/json.h"
#include "math/transform.h"

void transforms_begin(struct request *r)
{
    r->settled = true;
    transforms_write_list(request_answer(r, 200, "application/json"));
}

void transform_begin(struct request *r)
{
    const char *name = r->parameters[0];
    const struct transform *t = transform_find(name);
    if (!t) {
        err_add(&r->err, ERR_NOT_FOUND, "", "no transform is called \"%.100s\"", name);
        err_suggest(&r->err, transform_meant(name));
        return;
    }
    r->settled = true;
    transforms_write(request_answer(r, 200, "application/json"), t);
}
