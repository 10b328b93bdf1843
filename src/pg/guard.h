// The one bridge between C++ exceptions and PostgreSQL errors.
//
// ereport() jumps over destructors and an exception must not leave a C function. So a function of
// this floor has three steps: *fetch* (PostgreSQL calls, no C++ object with a destructor alive),
// *compute* (one attempt(), whose body calls nothing that can ereport) and *finish* (PostgreSQL calls
// again). What went wrong in the body leaves it as plain data and is raised after every C++ object
// has gone.
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <memory_resource>
#include <new>
#include <string_view>
#include <type_traits>

#include "../core/error.h"

extern "C" {
#include "postgres.h"
#include "fmgr.h"
}

namespace profiles::pg {

// Plain data, so that it may outlive the C++ objects. The texts are set only when `failed`.
struct Failure {
    bool failed;
    bool cancelled;
    int sqlstate;
    char message[320];
    char detail[320];
    char hint[320];
};
static_assert(std::is_trivially_destructible_v<Failure>);

// A memory context as a std::pmr resource; without one, whichever is the current. It never jumps: it asks
// not to raise and throws std::bad_alloc instead. Should a jump ever skip a destructor, the context
// still frees the bytes.
class ContextMemory final : public std::pmr::memory_resource {
public:
    explicit ContextMemory(MemoryContext context = nullptr) : context_(context) {}

private:
    void *do_allocate(std::size_t size, std::size_t alignment) override;
    void do_deallocate(void *block, std::size_t size, std::size_t alignment) override;
    bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override
    {
        return this == &other;
    }

    MemoryContext context_;
};

void keep_failure(Failure &failure, const Error &error) noexcept;
void keep_failure(Failure &failure, int sqlstate, std::string_view message) noexcept;

// Raises what attempt() kept; returns when nothing was. A cancelled body lets PostgreSQL report its
// own interrupt.
void raise_if_failed(const Failure &failure);

// Runs body(memory). Nothing is thrown past it, nothing may be raised inside it.
template <typename Body>
void attempt_into(Failure &failure, Body &&body) noexcept
{
    failure.failed = false;
    try {
        ContextMemory memory;
        body(static_cast<std::pmr::memory_resource *>(&memory));
    } catch (const Error &error) {
        keep_failure(failure, error);
    } catch (const std::bad_alloc &) {
        keep_failure(failure, ERRCODE_OUT_OF_MEMORY, "out of memory");
    } catch (const std::exception &error) {
        keep_failure(failure, ERRCODE_INTERNAL_ERROR, error.what());
    } catch (...) {
        keep_failure(failure, ERRCODE_INTERNAL_ERROR, "unknown C++ exception");
    }
}

// The usual form: compute, then raise with no C++ object alive.
template <typename Body>
void attempt(Body &&body)
{
    Failure failure;
    attempt_into(failure, body);
    if (failure.failed)
        raise_if_failed(failure);
}

// True once a cancel or a terminate waits; core polls it through profiles::Interrupt.
bool interrupt_pending() noexcept;

}  // namespace profiles::pg
