#include "guard.h"

extern "C" {
#include "miscadmin.h"
#include "utils/memutils.h"
}

namespace profiles::pg {

namespace {

int sqlstate_of(ErrorCode code) noexcept
{
    switch (code) {
    case ErrorCode::invalid_text: return ERRCODE_INVALID_TEXT_REPRESENTATION;
    case ErrorCode::invalid_binary: return ERRCODE_INVALID_BINARY_REPRESENTATION;
    case ErrorCode::invalid_encoding: return ERRCODE_CHARACTER_NOT_IN_REPERTOIRE;
    case ErrorCode::invalid_value: return ERRCODE_INVALID_PARAMETER_VALUE;
    case ErrorCode::null_value: return ERRCODE_NULL_VALUE_NOT_ALLOWED;
    case ErrorCode::out_of_range: return ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE;
    case ErrorCode::wrong_type: return ERRCODE_DATATYPE_MISMATCH;
    case ErrorCode::limit_exceeded: return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
    case ErrorCode::unsupported: return ERRCODE_FEATURE_NOT_SUPPORTED;
    case ErrorCode::corrupted: return ERRCODE_DATA_CORRUPTED;
    case ErrorCode::missing_file: return ERRCODE_UNDEFINED_FILE;
    case ErrorCode::unreadable_file: return ERRCODE_IO_ERROR;
    case ErrorCode::cancelled: return ERRCODE_QUERY_CANCELED;
    }
    return ERRCODE_INTERNAL_ERROR;
}

// Copies as much as fits, cut on a UTF-8 character boundary.
template <std::size_t Size>
void keep_text(char (&target)[Size], std::string_view text) noexcept
{
    std::size_t length = text.size() < Size ? text.size() : Size - 1;
    if (length < text.size())
        while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
            --length;
    text.copy(target, length);
    target[length] = '\0';
}

}  // namespace

void *ContextMemory::do_allocate(std::size_t size, std::size_t alignment)
{
    std::size_t room = size + (alignment > MAXIMUM_ALIGNOF ? alignment : 0);
    // palloc raises for an oversized request even when asked not to.
    if (room < size || !AllocHugeSizeIsValid(room))
        throw std::bad_alloc();
    void *block = MemoryContextAllocExtended(context_ ? context_ : CurrentMemoryContext, room,
                                             MCXT_ALLOC_NO_OOM | MCXT_ALLOC_HUGE);
    if (!block || !std::align(alignment, size, block, room))
        throw std::bad_alloc();
    return block;
}

void ContextMemory::do_deallocate(void *block, std::size_t, std::size_t alignment)
{
    if (alignment <= MAXIMUM_ALIGNOF)
        pfree(block);  // the rest goes with its context
}

void keep_failure(Failure &failure, const Error &error) noexcept
{
    failure.failed = true;
    failure.cancelled = error.code() == ErrorCode::cancelled;
    failure.sqlstate = sqlstate_of(error.code());
    keep_text(failure.message, error.message());
    keep_text(failure.detail, error.detail());
    keep_text(failure.hint, error.hint());
}

void keep_failure(Failure &failure, int sqlstate, std::string_view message) noexcept
{
    failure.failed = true;
    failure.cancelled = false;
    failure.sqlstate = sqlstate;
    keep_text(failure.message, message);
    keep_text(failure.detail, {});
    keep_text(failure.hint, {});
}

void raise_if_failed(const Failure &failure)
{
    if (!failure.failed)
        return;
    if (failure.cancelled)
        CHECK_FOR_INTERRUPTS();
    ereport(ERROR, (errcode(failure.sqlstate), errmsg_internal("%s", failure.message),
                    failure.detail[0] ? errdetail_internal("%s", failure.detail) : 0,
                    failure.hint[0] ? errhint("%s", failure.hint) : 0));
}

bool interrupt_pending() noexcept
{
    return InterruptPending && (QueryCancelPending || ProcDiePending);
}

}  // namespace profiles::pg
