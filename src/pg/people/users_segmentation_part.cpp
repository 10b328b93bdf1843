// The users on one range of pages, counted by whichever process the planner gives it to.
#include "../owned.h"
#include "../profile/datum.h"
#include "../segment/scan_arguments.h"
#include "../time.h"
#include "user_reader.h"

extern "C" {
#include "access/xact.h"
#include "utils/memutils.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(users_segmentation_part);
}

namespace {

enum Argument { kData, kWrittenBy, kRange, kUsers, kQuery, kBreakdown, kCell };

UsersSegmentation &segmentation_of(FunctionCallInfo fcinfo)
{
    FmgrInfo *function = fcinfo->flinfo;
    auto *owned = static_cast<Owned<UsersSegmentation> *>(function->fn_extra);
    if (owned)
        return *owned->object;
    // Everything but the copy is the same in all calls of a query.
    bool keeps = get_fn_expr_arg_stable(function, kQuery) &&
                 get_fn_expr_arg_stable(function, kBreakdown) &&
                 get_fn_expr_arg_stable(function, kCell);
    owned = own_in<UsersSegmentation>(keeps ? function->fn_mcxt : CurrentMemoryContext);
    UsersSegmentationRequest request;
    request.filter = PG_GETARG_BYTES(kQuery);
    request.breakdown = names_of(PG_GETARG_DATUM(kBreakdown), "breakdown");
    if (!PG_ARGISNULL(kCell))
        request.cell = cell_of(PG_GETARG_DATUM(kCell));
    request.now = milliseconds_of(GetCurrentTransactionStartTimestamp());
    attempt([&](std::pmr::memory_resource *) { owned->object = new UsersSegmentation(request); });
    if (keeps)
        function->fn_extra = owned;
    return *owned->object;
}

}  // namespace

extern "C" Datum users_segmentation_part(PG_FUNCTION_ARGS)
{
    for (int argument = kData; argument < kCell; ++argument)
        if (PG_ARGISNULL(argument))
            PG_RETURN_NULL();
    UsersSegmentation &segmentation = segmentation_of(fcinfo);
    UserTable users = open_users(PG_GETARG_OID(kUsers));
    if (!users.has_pages)
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                        errmsg("\"%s\" cannot be read page by page",
                               RelationGetRelationName(users.relation))));
    auto first_page =
        static_cast<std::uint64_t>(std::max(PG_GETARG_INT32(kRange), 0)) * user_block::kPages;
    if (first_page < users.pages) {
        auto first = static_cast<BlockNumber>(first_page);
        auto *copy = static_cast<UserCopy *>(palloc0(sizeof(UserCopy)));
        open_copy(segmentation, users, first, PG_GETARG_DATUM(kData),
                  PG_GETARG_TRANSACTIONID(kWrittenBy), copy);
        read_range(segmentation, users, first, *copy);
    }
    close_pages(users);
    struct varlena *part = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        part = make_varlena(segmentation.table().write(), memory);
        segmentation.table().clear();
    });
    return PointerGetDatum(part);
}

}  // namespace profiles::pg
