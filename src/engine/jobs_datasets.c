/* Jobs on data sets: upload and delete. */
#include "engine/jobs.h"

void job_dataset_put(struct jobs *j, struct job *job)
{
    enum err_code code = datasets_put(j->datasets, j->store, job->dataset, &job->created, job->err);
    if (!jobs_judge(j, code) && job->created)
        job->touched = 1;
}

void job_dataset_remove(struct jobs *j, struct job *job)
{
    if (!jobs_judge(j, datasets_remove(j->datasets, j->store, job->id, job->err)))
        job->touched = 1;
}
