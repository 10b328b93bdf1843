// The statistics of a column of profiles, as core reads them.
#pragma once

#include "../../core/planner/statistics.h"

extern "C" {
#include "postgres.h"
#include "access/htup.h"
}

namespace profiles::pg {

// `tuple` is a row of pg_statistic. The answer is good until the next call. A fetch step: may ereport.
const StatisticsView &fetch_statistics(HeapTuple tuple);

}  // namespace profiles::pg
