/* What lambda and multiplicative share: torch's function of the step, given as a list of factors.
 */
#ifndef STEPD_MATH_SCHEDULE_FACTORS_H
#define STEPD_MATH_SCHEDULE_FACTORS_H

#include "math/schedule_rows.h"

/* The one row of their tables. */
enum { FACTORS };

#define ROW_FACTORS(row_doc) ROW_LIST("factors", 0, NO_ALIAS, row_doc, EVERYWHERE(HYPER_REQUIRED))

static enum err_code factors_check(const struct schedule_spec *s, const char *prefix,
                                   struct err *err)
{
    if (s->list[FACTORS].count == 0)
        return hyper_refuse(prefix, "factors", err, "give at least one factor");
    return ERR_OK;
}

#endif
