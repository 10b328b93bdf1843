// A session that is not closed yet as the list of events that it will be.
#pragma once

#include "../guard.h"

#include "../../core/ingest/session.h"

namespace profiles::pg {

// The session has begun.
struct varlena *list_of_session(const Session &session);

}  // namespace profiles::pg
