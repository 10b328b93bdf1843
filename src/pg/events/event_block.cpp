// The type event_block: events stored by column, as event_blocks keeps them. Every way in is checked
// byte by byte.
#include "block_datum.h"

#include "../../core/events/block_check.h"
#include "../../core/events/block_info.h"
#include "../profile/datum.h"
#include "../profile/jsonb.h"
#include "../time.h"

extern "C" {
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
}

namespace profiles::pg {

extern "C" {
PG_FUNCTION_INFO_V1(event_block_in);
PG_FUNCTION_INFO_V1(event_block_out);
PG_FUNCTION_INFO_V1(event_block_recv);
PG_FUNCTION_INFO_V1(event_block_send);
PG_FUNCTION_INFO_V1(event_block_info);
PG_FUNCTION_INFO_V1(event_block_summary);
PG_FUNCTION_INFO_V1(event_block_uids);
}

namespace {

// The error of a way in: what is wrong came from outside and is no damage.
struct varlena *checked_block(std::string_view bytes, ErrorCode code)
{
    struct varlena *result = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        try {
            check_block(bytes);
        } catch (const Error &error) {
            if (error.code() != ErrorCode::corrupted)
                throw;
            throw Error(code, "invalid event_block");
        }
        result = make_varlena(bytes, memory);
    });
    return result;
}

// Few columns of a block with its directory: what a summary needs.
struct Summary {
    std::uint32_t rows, users;
    std::int64_t first_uid, last_uid, first_time, last_time;
    std::span<std::string_view> keys;
};

void read_summary(const BlockDirectory &directory, const BlockBytes &bytes,
                  std::pmr::memory_resource *memory, Summary &summary)
{
    BlockUsers users(directory, bytes);
    summary.rows = directory.rows();
    summary.users = users.count();
    summary.first_uid = users.uid(0);
    summary.last_uid = users.uid(users.count() - 1);
    summary.first_time = directory.first_time();
    summary.last_time = directory.last_time();
    std::vector<std::string_view> keys = block_keys(directory, bytes);
    auto *kept = static_cast<std::string_view *>(
        memory->allocate(sizeof(std::string_view) * (keys.size() + 1), alignof(std::string_view)));
    std::uninitialized_copy(keys.begin(), keys.end(), kept);
    summary.keys = {kept, keys.size()};
}

Datum text_array_of(std::span<const std::string_view> texts)
{
    auto *values = static_cast<Datum *>(palloc(sizeof(Datum) * (texts.size() + 1)));
    for (std::size_t index = 0; index < texts.size(); ++index)
        values[index] = PointerGetDatum(
            cstring_to_text_with_len(texts[index].data(), static_cast<int>(texts[index].size())));
    return PointerGetDatum(
        construct_array(values, static_cast<int>(texts.size()), TEXTOID, -1, false, TYPALIGN_INT));
}

}  // namespace

// As bytea: an event_block has no text that anybody would read or write.
extern "C" Datum event_block_in(PG_FUNCTION_ARGS)
{
    const char *text = PG_GETARG_CSTRING(0);
    if (text[0] != '\\' || text[1] != 'x')
        ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION), errmsg("invalid event_block"),
                        errdetail("Its text is \\x and hexadecimal digits."),
                        errhint("build_event_blocks makes blocks of events.")));
    std::size_t digits = strlen(text + 2);
    char *bytes = static_cast<char *>(palloc(digits / 2 + 1));
    std::size_t size = hex_decode(text + 2, digits, bytes);
    PG_RETURN_POINTER(checked_block({bytes, size}, ErrorCode::invalid_text));
}

extern "C" Datum event_block_out(PG_FUNCTION_ARGS)
{
    std::string_view bytes = PG_GETARG_BYTES(0);
    if (bytes.size() > (MaxAllocSize - 3) / 2)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("event_block is too large for its text"),
                        errhint("Its binary form is shorter: COPY ... WITH (FORMAT binary).")));
    char *text = static_cast<char *>(palloc(2 * bytes.size() + 3));
    text[0] = '\\';
    text[1] = 'x';
    std::size_t length = hex_encode(bytes.data(), bytes.size(), text + 2);
    text[2 + length] = '\0';
    PG_RETURN_CSTRING(text);
}

extern "C" Datum event_block_recv(PG_FUNCTION_ARGS)
{
    auto *message = reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0));
    int size = message->len - message->cursor;
    std::string_view bytes(pq_getmsgbytes(message, size), static_cast<std::size_t>(size));
    PG_RETURN_POINTER(checked_block(bytes, ErrorCode::invalid_binary));
}

extern "C" Datum event_block_send(PG_FUNCTION_ARGS)
{
    std::string_view bytes = PG_GETARG_BYTES(0);
    StringInfoData message;
    pq_begintypsend(&message);
    pq_sendbytes(&message, bytes.data(), static_cast<int>(bytes.size()));
    PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

extern "C" Datum event_block_info(PG_FUNCTION_ARGS)
{
    std::string_view directory = block_directory(PG_GETARG_DATUM(0));
    const char *json = nullptr;
    attempt([&](std::pmr::memory_resource *memory) {
        TextBuffer out(memory);
        write_block_info(BlockDirectory(directory), out);
        json = out.c_string();
    });
    return jsonb_from_text(json);
}

extern "C" Datum event_block_summary(PG_FUNCTION_ARGS)
{
    Datum block = PG_GETARG_DATUM(0);
    TupleDesc columns;
    if (get_call_result_type(fcinfo, nullptr, &columns) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "event_block_summary must return a row");
    std::string_view start = block_directory(block);
    ByteRange users, key;
    attempt([&](std::pmr::memory_resource *) {
        BlockDirectory directory(start);
        users = directory.user_bytes();
        key = directory.get(block::ColumnKind::key).bytes();
    });
    std::string_view user_bytes = block_slice(block, users);
    std::string_view key_bytes = block_slice(block, key);
    Summary summary{};
    attempt([&](std::pmr::memory_resource *memory) {
        BlockBytes bytes;
        bytes.add(users.offset, user_bytes);
        bytes.add(key.offset, key_bytes);
        read_summary(BlockDirectory(start), bytes, memory, summary);
    });
    Datum values[] = {Int32GetDatum(static_cast<int32>(summary.rows)),
                      Int32GetDatum(static_cast<int32>(summary.users)),
                      Int64GetDatum(summary.first_uid),
                      Int64GetDatum(summary.last_uid),
                      TimestampTzGetDatum(timestamp_of(summary.first_time)),
                      TimestampTzGetDatum(timestamp_of(summary.last_time)),
                      text_array_of(summary.keys)};
    bool nulls[7] = {};
    PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), values, nulls)));
}

extern "C" Datum event_block_uids(PG_FUNCTION_ARGS)
{
    Datum block = PG_GETARG_DATUM(0);
    std::string_view start = block_directory(block);
    ByteRange users;
    attempt([&](std::pmr::memory_resource *) { users = BlockDirectory(start).user_bytes(); });
    std::string_view user_bytes = block_slice(block, users);
    Datum *uids = nullptr;
    int count = 0;
    attempt([&](std::pmr::memory_resource *memory) {
        BlockBytes bytes;
        bytes.add(users.offset, user_bytes);
        BlockUsers read(BlockDirectory(start), bytes);
        count = static_cast<int>(read.count());
        uids = static_cast<Datum *>(memory->allocate(sizeof(Datum) * read.count(), alignof(Datum)));
        for (std::uint32_t user = 0; user < read.count(); ++user)
            uids[user] = Int64GetDatum(read.uid(user));
    });
    PG_RETURN_POINTER(construct_array(uids, count, INT8OID, 8, true, TYPALIGN_DOUBLE));
}

}  // namespace profiles::pg
