// How much the tables of an app hold, as the planner has to know it.
#pragma once

#include "../guard.h"

extern "C" {
#include "storage/block.h"
}

namespace profiles::pg {

struct TableFigures {
    double blocks, block_events;
    double blocks_of_user;  // that an average user may be in
    double batch_events;
    BlockNumber block_pages, batch_pages;
};

TableFigures read_figures(Oid table);

}  // namespace profiles::pg
