// The groups of a segmentation as rows of its answer.
#pragma once

#include "../../core/segment/segmentation.h"
#include "../guard.h"

extern "C" {
#include "nodes/execnodes.h"
}

namespace profiles::pg {

// A finish step: bucket, segment, users, times, sum, dur, metrics. `starts` is null without buckets.
void put_group(ReturnSetInfo *result, const Segmentation &segmentation, const Datum *starts,
               Group &group);

}  // namespace profiles::pg
