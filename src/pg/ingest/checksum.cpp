#include "checksum.h"

#include "../../core/ingest/checksum.h"

extern "C" {
#include "common/cryptohash.h"
#include "common/sha1.h"
#include "common/sha2.h"
#include "utils/builtins.h"
}

namespace profiles::pg {

namespace {

std::string_view digest(pg_cryptohash_type type, std::string_view text, std::string_view salt,
                        std::size_t length)
{
    pg_cryptohash_ctx *context = pg_cryptohash_create(type);
    auto *bytes = static_cast<std::uint8_t *>(palloc(length));
    auto add = [&](std::string_view part) {
        return pg_cryptohash_update(context, reinterpret_cast<const std::uint8_t *>(part.data()),
                                    part.size()) >= 0;
    };
    if (!context || pg_cryptohash_init(context) < 0 || !add(text) || !add(salt) ||
        pg_cryptohash_final(context, bytes, length) < 0)
        elog(ERROR, "could not compute a checksum");
    pg_cryptohash_free(context);
    return {reinterpret_cast<char *>(bytes), length};
}

// Only for apps that have one: a role needs the privilege to read it.
std::string_view salt_of(const char *app)
{
    static SPIPlanPtr plan = nullptr;
    Datum values[] = {CStringGetTextDatum(app)};
    SPI_execute_plan(
        prepare_once(&plan, "SELECT salt FROM profiles.apps WHERE name OPERATOR(pg_catalog.=) $1"),
        values, nullptr, false, 1);
    const char *salt =
        SPI_processed ? SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1) : nullptr;
    return salt ? salt : "";
}

}  // namespace

const char *refusal(const App &app, const Request &request)
{
    if (!app.settings.salted)
        return nullptr;
    if (const char *reason = unverifiable(request))
        return reason;
    std::string_view text, salt = salt_of(app.name);
    attempt([&](std::pmr::memory_resource *memory) {
        text = checked_text(request.query_string, memory);
    });
    bool is_right =
        request.checksum256.empty()
            ? is_digest(request.checksum, digest(PG_SHA1, text, salt, SHA1_DIGEST_LENGTH))
            : is_digest(request.checksum256,
                        digest(PG_SHA256, text, salt, PG_SHA256_DIGEST_LENGTH));
    return is_right ? nullptr : "the checksum is wrong";
}

}  // namespace profiles::pg
