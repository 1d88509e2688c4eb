/* /v1/sessions/{id}/parameters and /state: the numbers alone, as JSON or as bytes. */
#include "http/handlers.h"
#include "http/request.h"

#include <string.h>

/* JSON, and then in the order of enum binary_format. */
const char *const parameters_produces[] = {"application/json", PRODUCES_BYTES, NULL};
const char *const parameters_query[] = {"readout", NULL};
const char *const state_produces[] = {"application/json", "application/vnd.safetensors", NULL};

void parameters_answer_bytes(struct request *r, enum binary_format format)
{
    struct buf *out = request_answer_session(r, 200, r->job.session);
    r->answer.content_type = binary_media_type(format);
    binary_write_parameters(out, format, r->job.session);
}

void parameters_get_begin(struct request *r)
{
    r->job.kind = JOB_GET;
    r->job.id = r->parameters[0];
    r->job.part = SNAPSHOT_PARAMETERS;
}

static const char *readout_name(const void *session, int i)
{
    return session_readout_name(session, i);
}

/* Puts the readout that was asked for into the place of the parameters. */
static enum err_code choose_readout(struct request *r, const char *name)
{
    struct session *s = r->job.session;
    int count = session_readouts(s);
    for (int k = 0; k < count; k++) {
        if (strcmp(session_readout_name(s, k), name) == 0) {
            s->view.w = s->readouts[k];
            return ERR_OK;
        }
    }
    err_add(&r->err, ERR_REQUEST, "",
            count ? "%s has no readout \"%.60s\"" : "%s has no readouts (asked for \"%.60s\")",
            s->optim->name, name);
    err_suggest(&r->err, err_nearest(name, readout_name, s, count));
    return ERR_REQUEST;
}

void parameters_get_finish(struct request *r)
{
    const char *readout = target_arg(&r->target, "readout");
    if (readout && choose_readout(r, readout))
        return;
    if (request_unchanged(r, r->job.session))
        return;
    if (r->offer > 0)
        parameters_answer_bytes(r, (enum binary_format)(r->offer - 1));
    else
        json_write_parameters(request_answer_session(r, 200, r->job.session), r->job.session);
}

void parameters_put_begin(struct request *r)
{
    struct values *v = &r->job.values;
    if (r->binary)
        binary_read_values(&r->arena, r->binary_type, r->body.data, r->body.len, v, &r->err);
    else
        json_read_values(&r->arena, r->body.data, r->body.len, v, &r->err);
    r->job.kind = JOB_PARAMETERS_PUT;
    r->job.id = r->parameters[0];
    r->job.part = SNAPSHOT_PARAMETERS;
}

void parameters_put_finish(struct request *r)
{
    json_write_parameters(request_answer_session(r, 200, r->job.session), r->job.session);
}

void state_begin(struct request *r)
{
    r->job.kind = JOB_GET;
    r->job.id = r->parameters[0];
    r->job.part = SNAPSHOT_STATE;
}

void state_finish(struct request *r)
{
    const struct session *s = r->job.session;
    if (request_unchanged(r, s))
        return;
    struct buf *out = request_answer_session(r, 200, s);
    if (r->offer == 0) {
        json_write_state(out, s);
        return;
    }
    r->answer.content_type = state_produces[r->offer];
    safetensors_write_state(out, s);
}
