// The slots of pg_statistic that a column of profiles uses beside those of PostgreSQL.
#pragma once

namespace profiles::pg {

// Of the numbers that pg_statistic.h leaves to everybody.
enum StatisticKind {
    kPropertyFigures = 21561,  // values: properties; numbers: PropertyFigures of each
    kNumericBounds = 21562,    // values: properties; numbers: equally many bounds of each
    kDependentPairs = 21563,   // numbers: ItemPair
};

}  // namespace profiles::pg
