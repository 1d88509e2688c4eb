/* Any bytes as a safetensors body. What is accepted has tensors that fill their numbers. */
#include "codec/binary.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct err err;
    struct step_input in;
    struct arena a;
    arena_init(&a);
    err_init(&err);
    if (!safetensors_read(&a, data, size, true, &in, &err)) {
        size_t n = 0;
        double sum = 0;
        for (int i = 0; i < in.gradient.count; i++) {
            if (in.gradient.tensors[i].offset != n)
                abort();
            n += in.gradient.tensors[i].count;
        }
        if (n != in.gradient.n)
            abort();
        for (size_t i = 0; i < n; i++)
            sum += in.gradient.single ? (double)in.gradient.single[i] : in.gradient.data[i];
        in.loss += sum;
    }
    arena_close(&a);
    return 0;
}
