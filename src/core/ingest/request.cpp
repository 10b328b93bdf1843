#include "request.h"

#include <algorithm>
#include <cmath>

#include "../keep.h"
#include "../error.h"
#include "../location/fallback.h"
#include "../profile/json_reader.h"
#include "duplicates.h"
#include "parameter.h"
#include "../update/text.h"

namespace profiles {

namespace {

constexpr Time kClockTolerance = 60 * 1000;  // a device's clock may run ahead this much unreported
constexpr std::size_t kLongestDeviceId = 1024;
constexpr std::string_view kUserDetails = "user_details";

// Parameters that say nothing about the user.
constexpr std::string_view kTransport[] = {
    "app_key", "rr", "hc", "app_id", "user_id", "no_meta", "api_key",
};

class RequestReader {
public:
    RequestReader(Time now, const Limits &limits, std::pmr::memory_resource *memory)
        : now_(now), limits_(limits), memory_(memory), skips_(memory)
    {
        request_.time = now;
    }

    Request read(Node &parameters)
    {
        if (parameters.type != Type::object)
            throw Error(ErrorCode::invalid_value,
                        std::string("a request must be a JSON object, got ") +
                            type_name(parameters.type));
        for (Node &parameter : parameters.children)
            pack_parameter(parameter);
        seal(parameters);
        for (const Node &parameter : parameters.children)
            read_parameter(parameter);
        check_device_id();
        if (request_.sent_at)
            request_.hash = hash_request(parameters);
        request_.skips = keep(skips_, memory_);
        return request_;
    }

private:
    using Reader = void (RequestReader::*)(const Node &parameter);
    // One with a function, or one that is only kept.
    struct Parameter {
        std::string_view name;
        Reader read;
        std::string_view Request::*text = nullptr;
        Node Request::*object = nullptr;
        bool Request::*flag = nullptr;
    };

    // A number beyond what can be kept costs itself and not the request.
    void pack_parameter(Node &parameter)
    {
        pack_numbers(parameter, memory_, FaultyNumbers::keep);
        if (parameter.literal)
            drop_number(parameter, parameter.key);
        else if (parameter.key != kUserDetails)
            drop_faulty_numbers(parameter, parameter.key);
    }

    // Null stands for absent everywhere but in user details, where it removes a property: there
    // read_details() reports what it meets.
    void drop_faulty_numbers(Node &container, std::string_view parameter)
    {
        for (Node &child : container.children) {
            if (child.literal)
                drop_number(child, parameter);
            else
                drop_faulty_numbers(child, parameter);
        }
    }

    void drop_number(Node &number, std::string_view parameter)
    {
        std::string_view name = number.key;
        skip(parameter,
             (name.empty() || name == parameter ? "a number" : quoted(name)) + " is out of range");
        number = Node();
        number.key = name;
    }

    void read_parameter(const Node &parameter)
    {
        static constexpr Parameter kParameters[] = {
            {"device_id", &RequestReader::read_device_id},
            {"old_device_id", &RequestReader::read_old_device_id},
            {"t", &RequestReader::read_device_id_type},
            {"timestamp", &RequestReader::read_timestamp},
            {"hour", &RequestReader::read_hour},
            {"dow", &RequestReader::read_day_of_week},
            {"tz", &RequestReader::read_time_zone},
            {"begin_session", &RequestReader::read_begin},
            {"end_session", &RequestReader::read_end},
            {"ignore_cooldown", &RequestReader::read_ignore_cooldown},
            {"session_duration", &RequestReader::read_duration},
            {"country_code", &RequestReader::read_country},
            {"region", &RequestReader::read_region},
            {"city", &RequestReader::read_city},
            {"location", &RequestReader::read_location},
            {"ip_address", &RequestReader::read_ip},
            {"ip", &RequestReader::read_ip},
            {"av", &RequestReader::read_app_version},
            {"sdk_name", &RequestReader::read_sdk_name},
            {"sdk_version", &RequestReader::read_sdk_version},
            {"metrics", &RequestReader::read_metrics},
            {"events", &RequestReader::read_events},
            {"user_details", &RequestReader::read_user_details},
            {"crash", nullptr, nullptr, &Request::crash},
            {"consent", nullptr, nullptr, &Request::consent},
            {"apm", nullptr, nullptr, &Request::apm},
            {"campaign_id", nullptr, &Request::campaign_id},
            {"campaign_user", nullptr, &Request::campaign_user},
            {"attribution_data", nullptr, nullptr, &Request::attribution_data},
            {"aid", nullptr, nullptr, &Request::advertising_id},
            {"token_session", nullptr, nullptr, nullptr, &Request::token_session},
            {"ios_token", &RequestReader::read_ios_token},
            {"android_token", &RequestReader::read_android_token},
            {"token_provider", nullptr, &Request::token_provider},
            {"test_mode", &RequestReader::read_test_mode},
            {"method", nullptr, &Request::method},
            {"variant", nullptr, &Request::variant},
            {"keys", &RequestReader::read_keys},
            {"oi", nullptr, nullptr, nullptr, &Request::opts_in},
            {"query_string", nullptr, &Request::query_string},
            {"checksum", nullptr, &Request::checksum},
            {"checksum256", nullptr, &Request::checksum256},
        };
        if (std::find(std::begin(kTransport), std::end(kTransport), parameter.key) !=
            std::end(kTransport))
            return;
        auto known =
            std::find_if(std::begin(kParameters), std::end(kParameters),
                         [&](const Parameter &each) { return each.name == parameter.key; });
        if (known == std::end(kParameters)) {
            skip(parameter.key, "unknown parameter");
            return;
        }
        try {
            if (known->text)
                request_.*known->text = text(parameter);
            else if (known->object)
                request_.*known->object = object(parameter, known->name);
            else if (known->flag)
                request_.*known->flag = parameter_flag(parameter, memory_);
            else
                (this->*known->read)(parameter);
        } catch (const Error &error) {
            if (error.code() == ErrorCode::cancelled)
                throw;
            skip(parameter.key, error.detail().empty() ? error.message()
                                                       : error.message() + ": " + error.detail());
        }
    }

    void skip(std::string_view parameter, std::string_view reason)
    {
        skips_.push_back({parameter, {}, keep_text(reason, memory_)});
    }

    std::string_view text(const Node &parameter) const
    {
        return parameter_text(parameter, memory_);
    }

    // JSON as itself or inside a string. `what` is a literal.
    Node document(const Node &parameter, std::string_view what)
    {
        Node value = parameter;
        if (parameter.type == Type::text) {
            if (parameter.bytes.empty())
                return Node();
            value = read_json(parameter.bytes, memory_, what.data(), FaultyNumbers::keep);
            if (what != kUserDetails)
                drop_faulty_numbers(value, what);
            seal(value);
        }
        value.key = {};
        return value;
    }

    // One function a parameter

    void read_device_id(const Node &parameter) { request_.device_id = text(parameter); }

    void read_old_device_id(const Node &parameter)
    {
        std::string_view id = text(parameter);
        if (id.size() > kLongestDeviceId)
            throw Error(ErrorCode::limit_exceeded,
                        "is longer than " + std::to_string(kLongestDeviceId) + " bytes");
        request_.old_device_id = id;
    }

    void read_device_id_type(const Node &parameter)
    {
        if (auto type = parameter_integer(parameter, 0, 3))
            request_.device_id_type = static_cast<std::int16_t>(*type);
    }

    // Ten digits are seconds, thirteen are milliseconds; anything else is not trusted.
    void read_timestamp(const Node &parameter)
    {
        std::optional<Number> sent = parameter_number(parameter);
        if (!sent)
            return;
        double value = sent->approximate();
        bool is_seconds = value >= 1e9 && value < 1e10,
             is_milliseconds = value >= 1e12 && value < 1e13;
        if (!is_seconds && !is_milliseconds)
            throw Error(
                ErrorCode::invalid_value,
                "is neither seconds nor milliseconds since 1970; the server's time is used");
        auto time = static_cast<Time>(std::llround(is_seconds ? value * 1000 : value));
        request_.sent_at = time;
        request_.time = std::min(time, now_);
        if (time > now_ + kClockTolerance)
            skip(parameter.key, "is in the future; the server's time is used");
    }

    void read_hour(const Node &parameter)
    {
        if (auto hour = parameter_integer(parameter, 0, 24))
            request_.hour = static_cast<std::int16_t>(*hour % 24);
    }

    void read_day_of_week(const Node &parameter)
    {
        if (auto day = parameter_integer(parameter, 0, 6))
            request_.day_of_week = static_cast<std::int16_t>(*day == 0 ? 7 : *day);
    }

    void read_time_zone(const Node &parameter)
    {
        request_.time_zone_offset = parameter_integer(parameter, -1080, 1080);
    }
    void read_begin(const Node &parameter)
    {
        request_.begin_session = parameter_flag(parameter, memory_);
    }
    void read_end(const Node &parameter)
    {
        request_.end_session = parameter_flag(parameter, memory_);
    }
    void read_ignore_cooldown(const Node &parameter)
    {
        request_.ignore_cooldown = parameter_flag(parameter, memory_);
    }

    void read_duration(const Node &parameter)
    {
        std::optional<Number> duration = parameter_number(parameter);
        if (!duration)
            return;
        double seconds = std::trunc(duration->approximate());
        if (seconds < 0)
            throw Error(ErrorCode::invalid_value, "is negative");
        request_.session_duration = static_cast<std::int64_t>(std::min(seconds, 1e15));
    }

    // Alpha-2 codes in capitals, so that "de" and "DE" are one country.
    void read_country(const Node &parameter)
    {
        std::string_view code = text(parameter);
        if (code.empty())
            return;
        bool is_alpha2 =
            code.size() == 2 && std::all_of(code.begin(), code.end(), [](char letter) {
                return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
            });
        if (!is_alpha2)
            throw Error(ErrorCode::invalid_value, "must be an ISO 3166-1 alpha-2 code");
        char upper[2] = {static_cast<char>(code[0] & ~0x20), static_cast<char>(code[1] & ~0x20)};
        request_.place.country = keep_text({upper, 2}, memory_);
    }

    std::string_view limited_text(const Node &parameter)
    {
        std::string_view value = text(parameter);
        if (!limits_.value_length)
            return value;
        std::string_view kept = cut_characters(value, limits_.value_length);
        if (kept.size() < value.size())
            skip(parameter.key,
                 "value cut to " + std::to_string(limits_.value_length) + " characters");
        return kept;
    }

    void read_region(const Node &parameter) { request_.place.region = limited_text(parameter); }
    void read_city(const Node &parameter) { request_.place.city = limited_text(parameter); }

    void read_location(const Node &parameter)
    {
        location::Point point;
        switch (location::parse_location(text(parameter), point)) {
        case location::WireLocation::disabled: request_.location_disabled = true; return;
        case location::WireLocation::point: request_.place.point = point; return;
        case location::WireLocation::malformed: break;
        }
        throw Error(ErrorCode::invalid_value, "must be \"latitude,longitude\" in degrees");
    }

    void read_ip(const Node &parameter)
    {
        std::string_view ip = text(parameter);
        if (!ip.empty() && !(request_.address = parse_address(ip)))
            throw Error(ErrorCode::invalid_value, "must be an IPv4 or IPv6 address");
    }

    void read_app_version(const Node &parameter) { request_.app_version = limited_text(parameter); }
    void read_sdk_name(const Node &parameter) { request_.sdk_name = limited_text(parameter); }
    void read_sdk_version(const Node &parameter) { request_.sdk_version = limited_text(parameter); }
    void read_metrics(const Node &parameter) { request_.metrics = object(parameter, "metrics"); }
    void read_user_details(const Node &parameter)
    {
        request_.user_details = object(parameter, "user_details");
    }

    std::optional<std::string_view> token(const Node &parameter) const
    {
        return parameter.type == Type::null ? std::nullopt : std::optional(text(parameter));
    }
    void read_ios_token(const Node &parameter) { request_.ios_token = token(parameter); }
    void read_android_token(const Node &parameter) { request_.android_token = token(parameter); }

    void read_test_mode(const Node &parameter)
    {
        if (auto mode = parameter_integer(parameter, 0, 2))
            request_.test_mode = static_cast<std::int16_t>(*mode);
    }

    // A list of keys, as JSON; one key may stand for itself.
    void read_keys(const Node &parameter)
    {
        bool is_one =
            parameter.type == Type::text && !parameter.bytes.empty() && parameter.bytes[0] != '[';
        request_.has_faulty_keys = true;
        request_.keys = is_one ? parameter : array(parameter, "keys");
        request_.has_faulty_keys = false;
    }

    Node object(const Node &parameter, std::string_view what)
    {
        Node value = document(parameter, what);
        if (value.type != Type::object && value.type != Type::null)
            throw Error(ErrorCode::wrong_type,
                        std::string("must be a JSON object, got ") + type_name(value.type));
        return value;
    }

    void read_events(const Node &parameter) { request_.events = array(parameter, "events"); }

    Node array(const Node &parameter, std::string_view what)
    {
        Node value = document(parameter, what);
        if (value.type != Type::array && value.type != Type::null)
            throw Error(ErrorCode::wrong_type,
                        std::string("must be a JSON array, got ") + type_name(value.type));
        return value;
    }

    void check_device_id() const
    {
        if (request_.device_id.empty())
            throw Error(ErrorCode::invalid_value, "missing parameter \"device_id\"");
        if (request_.device_id.size() > kLongestDeviceId)
            throw Error(ErrorCode::limit_exceeded,
                        "device_id is longer than " + std::to_string(kLongestDeviceId) + " bytes");
    }

    Time now_;
    const Limits &limits_;
    std::pmr::memory_resource *memory_;
    SkipList skips_;
    Request request_;
};

}  // namespace

Request read_request(Node &parameters, Time now, const Limits &limits,
                     std::pmr::memory_resource *memory)
{
    return RequestReader(now, limits, memory).read(parameters);
}

bool is_anonymous_device(std::string_view device_id)
{
    return device_id == "00000000-0000-0000-0000-000000000000" ||
           device_id == "CLYTemporaryDeviceID";
}

}  // namespace profiles
