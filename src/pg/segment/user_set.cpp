// The type user_set: exact sets of users. Every way in is checked byte by byte or made anew.
#include "../../core/segment/user_set_build.h"
#include "../../core/segment/user_set_text.h"
#include "../../core/interrupt.h"
#include "../profile/datum.h"

extern "C" {
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(user_set_in);
PG_FUNCTION_INFO_V1(user_set_out);
PG_FUNCTION_INFO_V1(user_set_recv);
PG_FUNCTION_INFO_V1(user_set_send);
PG_FUNCTION_INFO_V1(user_set_from_array);
PG_FUNCTION_INFO_V1(user_set_uids);
PG_FUNCTION_INFO_V1(user_set_each);
PG_FUNCTION_INFO_V1(user_set_count);
}

extern "C" Datum user_set_in(PG_FUNCTION_ARGS)
{
    const char *text = PG_GETARG_CSTRING(0);
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        result = make_varlena(read_user_set(text, memory), memory);
    });
    PG_RETURN_POINTER(result);
}

extern "C" Datum user_set_out(PG_FUNCTION_ARGS)
{
    std::string_view bytes = PG_GETARG_BYTES(0);
    char *text = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        TextBuffer out(memory);
        write_user_set(UserSetView(bytes), out);
        text = out.c_string();
    });
    PG_RETURN_CSTRING(text);
}

extern "C" Datum user_set_recv(PG_FUNCTION_ARGS)
{
    auto *message = reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0));
    int size = message->len - message->cursor;
    std::string_view bytes(pq_getmsgbytes(message, size), static_cast<std::size_t>(size));
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        try {
            check_user_set(bytes, memory);
        } catch (const Error &error) {
            if (error.code() != ErrorCode::corrupted)
                throw;
            throw Error(ErrorCode::invalid_binary, "invalid user_set");
        }
        result = make_varlena(bytes, memory);
    });
    PG_RETURN_POINTER(result);
}

extern "C" Datum user_set_send(PG_FUNCTION_ARGS)
{
    std::string_view bytes = PG_GETARG_BYTES(0);
    StringInfoData message;
    pq_begintypsend(&message);
    pq_sendbytes(&message, bytes.data(), static_cast<int>(bytes.size()));
    PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

extern "C" Datum user_set_from_array(PG_FUNCTION_ARGS)
{
    ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);
    if (array_contains_nulls(array))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a uid must not be null")));
    auto count = static_cast<std::size_t>(ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)));
    std::span uids(reinterpret_cast<const std::int64_t *>(ARR_DATA_PTR(array)), count);
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        UserSetBuilder builder(memory);
        for (std::int64_t uid : uids)
            builder.add(uid);
        result = make_varlena(builder.view(), memory);
    });
    PG_RETURN_POINTER(result);
}

extern "C" Datum user_set_count(PG_FUNCTION_ARGS)
{
    std::string_view bytes = PG_GETARG_BYTES(0);
    std::uint64_t count = 0;
    attempt([&](std::pmr::memory_resource *) { count = UserSetView(bytes).count(); });
    PG_RETURN_INT64(static_cast<int64>(count));
}

extern "C" Datum user_set_uids(PG_FUNCTION_ARGS)
{
    std::string_view bytes = PG_GETARG_BYTES(0);
    Datum *uids = nullptr;
    std::size_t count = 0;
    attempt([&](std::pmr::memory_resource *memory) {
        UserSetView set(bytes);
        if (set.count() > (MaxAllocSize - 1024) / sizeof(Datum))
            throw Error(ErrorCode::limit_exceeded, "user_set has too many users for an array", {},
                        "user_set_each returns them one by one.");
        uids = static_cast<Datum *>(
            memory->allocate(sizeof(Datum) * (set.count() + 1), alignof(Datum)));
        UserBuckets all(set);
        while (const UserBucket *bucket = all.next()) {
            check_interrupt();
            count += write_uids(*bucket, reinterpret_cast<std::int64_t *>(uids) + count);
        }
    });
    PG_RETURN_POINTER(
        construct_array(uids, static_cast<int>(count), INT8OID, 8, true, TYPALIGN_DOUBLE));
}

// One bucket after the other, so that a set may have more users than memory holds.
extern "C" Datum user_set_each(PG_FUNCTION_ARGS)
{
    InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    std::string_view bytes = PG_GETARG_BYTES(0);
    auto *uids =
        static_cast<std::int64_t *>(palloc(sizeof(std::int64_t) * user_set::kUsersPerBucket));
    static_assert(std::is_trivially_destructible_v<UserBuckets>);
    alignas(UserBuckets) char place[sizeof(UserBuckets)];
    UserBuckets *all = nullptr;
    std::size_t left = 0;
    attempt([&](std::pmr::memory_resource *) {
        UserSetView set(bytes);
        left = set.buckets();
        all = new (place) UserBuckets(set);
    });
    for (; left > 0; --left) {
        CHECK_FOR_INTERRUPTS();
        std::size_t count = 0;
        attempt([&](std::pmr::memory_resource *) {
            if (const UserBucket *bucket = all->next())
                count = write_uids(*bucket, uids);
        });
        for (std::size_t index = 0; index < count; ++index) {
            Datum value = Int64GetDatum(uids[index]);
            bool is_null = false;
            tuplestore_putvalues(result->setResult, result->setDesc, &value, &is_null);
        }
    }
    return Datum(0);
}

}  // namespace profiles::pg
