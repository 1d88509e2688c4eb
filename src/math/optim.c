/* The registry of optimizers, one column per instruction set, and the choice between them.
 *
 * gen/optims.h lists the files of math/optim/ (sorted), gen/isas.h the instruction sets that this
 * build has; both come from the Makefile, so that a new optimizer is one new file. */
#include "math/optim.h"
#include "math/names.h"
#include "math/vector.h"

#include "isas.h"

#include <string.h>

#define ISA_INDEX(isa, unused) ISA_##isa,
enum { ISAS(ISA_INDEX, ) ISA_COUNT };

#define EXTERN_VECTOR(isa, unused) extern const struct vector_ops vector_ops_##isa;
ISAS(EXTERN_VECTOR, )

#define EXTERN_OPTIM(isa, name) extern const struct optim optim_##name##_##isa;
#define X(name)                 ISAS(EXTERN_OPTIM, name)
#include "optims.h"
#undef X

#define POINTER(isa, name) &optim_##name##_##isa,
#define X(name)            {ISAS(POINTER, name)},
static const struct optim *const registry[][ISA_COUNT] = {
#include "optims.h"
};
#undef X

#define VECTOR_POINTER(isa, unused) &vector_ops_##isa,
static const struct vector_ops *const vectors[] = {ISAS(VECTOR_POINTER, )};

#if defined(__x86_64__)
#define NAME_base "x86-64"
#else
#define NAME_base "generic"
#endif
#define NAME_v3               "x86-64-v3"
#define NAME_v4               "x86-64-v4"
#define ISA_NAME(isa, unused) NAME_##isa,
static const char *const isa_names[] = {ISAS(ISA_NAME, )};

/* -1: not chosen yet. Written by optim_select_isa alone. */
static int chosen = -1;

static bool machine_has(int isa)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (strcmp(isa_names[isa], NAME_v3) == 0)
        return __builtin_cpu_supports("x86-64-v3");
    if (strcmp(isa_names[isa], NAME_v4) == 0)
        return __builtin_cpu_supports("x86-64-v4");
#endif
    return isa == ISA_base;
}

static int isa_best(void)
{
    int best = ISA_base;
    for (int i = 0; i < ISA_COUNT; i++) {
        if (machine_has(i))
            best = i;
    }
    return best;
}

bool optim_select_isa(const char *isa)
{
    if (!isa) {
        chosen = isa_best();
        return true;
    }
    for (int i = 0; i < ISA_COUNT; i++) {
        if (strcmp(isa, isa_names[i]) == 0 && machine_has(i)) {
            chosen = i;
            return true;
        }
    }
    return false;
}

/* The plain set serves whoever has not chosen, so that reading never writes. */
static int isa_now(void)
{
    return chosen >= 0 ? chosen : ISA_base;
}

const char *optim_isa(void)
{
    return isa_names[isa_now()];
}

const struct vector_ops *vector_ops(void)
{
    return vectors[isa_now()];
}

int optim_count(void)
{
    return (int)(sizeof registry / sizeof *registry);
}

const struct optim *optim_at(int i)
{
    return i >= 0 && i < optim_count() ? registry[i][isa_now()] : NULL;
}

const struct optim *optim_find(const char *name)
{
    for (int i = 0; i < optim_count(); i++) {
        if (strcmp(registry[i][ISA_base]->name, name) == 0)
            return optim_at(i);
    }
    return NULL;
}

static struct named named_at(int i)
{
    return (struct named){registry[i][ISA_base]->name, registry[i][ISA_base]->title,
                          registry[i][ISA_base]->same_as};
}

const char *optim_meant(const char *given)
{
    return names_meant(given, named_at, optim_count());
}

int optim_momentum(const struct optim *o, const double *h)
{
    if (o->momentum)
        return o->momentum(h);
    int k = hyper_find(o->hypers, "beta1");
    for (int i = 0; k < 0 && o->hypers[i].name; i++) {
        const char *alias = o->hypers[i].alias[PROFILE_TORCH];
        if (strcmp(alias ? alias : o->hypers[i].name, "momentum") == 0)
            k = i;
    }
    return k;
}

int optim_slots(const struct optim *o)
{
    int count = 0;
    while (o->slots && count < OPTIM_SLOTS && o->slots[count].name)
        count++;
    return count;
}

int optim_scalars(const struct optim *o)
{
    int count = 0;
    while (o->scalars && count < OPTIM_SCALARS && o->scalars[count].name)
        count++;
    return count;
}

int optim_readouts(const struct optim *o)
{
    int count = 0;
    while (o->readouts && o->readouts[count].name)
        count++;
    return count;
}

size_t optim_slot_count(const struct optim *o, int k, const double *h, const struct tensor *tensors,
                        int tensor_count)
{
    size_t count = 0;
    for (int i = 0; i < tensor_count; i++) {
        if (tensors[i].count > 0)
            count += o->slots[k].count ? o->slots[k].count(h, &tensors[i]) : tensors[i].count;
    }
    return count;
}

const char *optim_need_field(int k)
{
    static const char *const fields[] = {
        "gradient",        "loss",      "hessian", "hessian_diagonal",
        "second_gradient", "gradients", "indices"};
    return k >= 0 && k < (int)(sizeof fields / sizeof *fields) ? fields[k] : NULL;
}
