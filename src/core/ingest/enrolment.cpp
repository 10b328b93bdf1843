// Where a user came from, where messages reach it, and which tests and settings it takes part in.
#include <algorithm>

#include "../keep.h"
#include "../error.h"
#include "../profile/document.h"
#include "../update/text.h"
#include "reports.h"
#include "system_event.h"

namespace profiles {

namespace {

constexpr std::size_t kKeys = 1000;  // of one request
constexpr std::size_t kLongestKey = 256;

// Methods that ask for something: to answer is not the work of ingestion.
constexpr std::string_view kAsking[] = {
    "rc",
    "fetch_remote_config",
    "ab_fetch_variants",
    "ab_fetch_experiments",
    "feedback",
    "surveys",
    "sc",
    "queue",
};

// Names of one document of the SDK, and of the campaign's property that they set.
struct CampaignName {
    std::string_view sent, property;
};
constexpr CampaignName kAttribution[] = {{"cid", "id"}, {"cuid", "user"}};
constexpr CampaignName kAdvertising[] = {{"adid", "adid"}, {"idfa", "idfa"}, {"oaid", "oaid"}};

void set_campaign(std::string_view property, std::string_view value,
                  std::pmr::vector<Change> &changes)
{
    if (value.empty())
        return;
    Node text = make_text(value);
    seal(text);
    changes.push_back({kCampaign, property, Operator::set, text});
}

template <std::size_t Size>
void read_names(const Node &sent, const CampaignName (&names)[Size], std::string_view parameter,
                std::pmr::vector<Change> &changes, SkipList &skips,
                std::pmr::memory_resource *memory)
{
    for (const Node &each : sent.children) {
        const CampaignName *known = nullptr;
        for (const CampaignName &name : names)
            if (name.sent == each.key)
                known = &name;
        if (known && each.type == Type::text)
            set_campaign(known->property, each.bytes, changes);
        else if (each.type != Type::null)
            skips.push_back(
                {parameter,
                 {},
                 keep_text((known ? "must be a text: " : "unknown member ") + quoted(each.key),
                           memory)});
    }
}

// Both names are of Huawei's service; who names none has Google's.
std::string_view provider(std::string_view sent, SkipList &skips)
{
    if (sent == "HMS" || sent == "HPK")
        return "HMS";
    if (!sent.empty() && sent != "FCM")
        skips.push_back({"token_provider", {}, "is unknown; FCM is used"});
    return "FCM";
}

// Of a request that neither enrols nor leaves.
void report_idle_method(const Request &request, SkipList &skips)
{
    bool asks =
        std::find(std::begin(kAsking), std::end(kAsking), request.method) != std::end(kAsking);
    if (!request.method.empty() && !asks)
        skips.push_back({"method", {}, "is unknown"});
    if (!request.method.empty())
        return;
    if (request.keys.type != Type::null)
        skips.push_back({"keys", {}, "come without a method"});
    if (!request.variant.empty())
        skips.push_back({"variant", {}, "comes without a method"});
}

std::string_view checked_key(const Node &key, SkipList &skips)
{
    if (key.type == Type::text && !key.bytes.empty() && key.bytes.size() <= kLongestKey)
        return key.bytes;
    skips.push_back({"keys", {}, "a key must be a text of up to 256 bytes"});
    return {};
}

}  // namespace

void read_campaign(const Request &request, std::pmr::vector<Change> &changes, SkipList &skips,
                   std::pmr::memory_resource *memory)
{
    set_campaign("id", request.campaign_id, changes);
    set_campaign("user", request.campaign_user, changes);
    read_names(request.attribution_data, kAttribution, "attribution_data", changes, skips, memory);
    read_names(request.advertising_id, kAdvertising, "aid", changes, skips, memory);
}

std::span<PushToken> read_tokens(const Request &request, SkipList &skips,
                                 std::pmr::memory_resource *memory)
{
    std::pmr::vector<PushToken> tokens(memory);
    std::int16_t mode = request.test_mode.value_or(0);
    if (request.ios_token)
        tokens.push_back({"APN", *request.ios_token, mode});
    if (request.android_token)
        tokens.push_back({provider(request.token_provider, skips), *request.android_token, mode});
    if (request.token_session && tokens.empty())
        skips.push_back({"token_session", {}, "comes without a token"});
    if (!request.token_session && !tokens.empty())
        skips.push_back(
            {request.ios_token ? "ios_token" : "android_token", {}, "comes without token_session"});
    if (!request.token_session)
        return {};
    return keep(tokens, memory);
}

std::span<Enrolment> read_enrolments(const Request &request, SkipList &skips,
                                     std::pmr::memory_resource *memory)
{
    bool fetches = request.method == "rc" || request.method == "fetch_remote_config";
    bool enrols = request.method == "ab" || request.method == "ab_enroll_variant" ||
                  (fetches && request.opts_in);
    bool leaves = request.method == "ab_opt_out";
    if (!enrols && !leaves) {
        report_idle_method(request, skips);
        return {};
    }
    std::pmr::vector<Enrolment> rows(memory);
    Enrolment row;
    row.kind = enrols ? Enrolment::Kind::enrol : Enrolment::Kind::leave;
    row.method = request.method;
    row.variant = request.variant;
    std::span<const Node> keys = request.keys.type == Type::text
                                     ? std::span<const Node>(&request.keys, 1)
                                     : request.keys.children;
    if (keys.size() > kKeys)
        skips.push_back({"keys", {}, "only the first 1000 keys are taken"});
    for (const Node &key : keys.first(std::min(keys.size(), kKeys))) {
        row.key = checked_key(key, skips);
        if (!row.key.empty())
            rows.push_back(row);
    }
    if (enrols && keys.empty() && !request.has_faulty_keys)
        skips.push_back({"method", {}, "enrols for no keys"});
    if (leaves && keys.empty() && !request.has_faulty_keys) {
        row.kind = Enrolment::Kind::leave_all;
        rows.push_back(row);
    }
    return keep(rows, memory);
}

}  // namespace profiles
