// A reader of its own, because libraries see a number as a double and refuse 1e400, which is exact
// here. Nothing recurses on input; it stops at the first fault with its position; a loop over text
// can be cancelled.
#include "json_reader.h"

#include <algorithm>

#include "../error.h"
#include "../interrupt.h"
#include "check.h"

namespace profiles {

namespace {

bool is_space(char byte) { return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t'; }

bool is_of_number(char byte)
{
    return (byte >= '0' && byte <= '9') || byte == '-' || byte == '+' || byte == '.' ||
           byte == 'e' || byte == 'E';
}

// Finished values lie on one stack; a container takes its children from the top.
class Reader {
public:
    Reader(std::string_view text, FaultyNumbers faulty, std::pmr::memory_resource *memory,
           const char *what)
        : begin_(text.data()), at_(begin_), end_(begin_ + text.size()), faulty_(faulty),
          memory_(memory), what_(what), finished_(memory), open_(memory)
    {
    }

    Node read()
    {
        if (skip_space() == '\0' && at_ == end_)
            raise("The document is empty.");
        do {
            read_value();
            while (!open_.empty() && close_or_continue()) {
            }
        } while (!open_.empty());
        skip_space();
        if (at_ != end_)
            raise("The document root must not be followed by other values.");
        return finished_.front();
    }

private:
    struct Open {
        Type type;
        std::size_t first;     // of its children on the stack
        std::string_view key;  // of the member that is being read
    };

    // The next byte that counts; NUL at the end.
    char skip_space()
    {
        if (at_ != end_ && is_space(*at_))
            at_ = find_byte(at_, end_, [](char byte) { return !is_space(byte); });
        return at_ == end_ ? '\0' : *at_;
    }

    bool take(char expected)
    {
        if (skip_space() != expected || at_ == end_)
            return false;
        ++at_;
        return true;
    }

    // Reads a scalar, or opens containers until one is empty or a scalar has been read.
    void read_value()
    {
        for (;;) {
            switch (skip_space()) {
            case '{':
                if (open(Type::object))
                    return;
                read_key();
                break;
            case '[':
                if (open(Type::array))
                    return;
                break;
            case '"': add(make_text(read_string())); return;
            case 't':
                read_word("true");
                add(make_boolean(true));
                return;
            case 'f':
                read_word("false");
                add(make_boolean(false));
                return;
            case 'n':
                read_word("null");
                add(Node());
                return;
            default: add(read_number()); return;
            }
        }
    }

    // After a value: true when its container was closed, false when another value follows.
    bool close_or_continue()
    {
        bool object = open_.back().type == Type::object;
        if (take(object ? '}' : ']')) {
            close();
            return true;
        }
        if (!take(','))
            raise(object ? "Missing a comma or } after an object member."
                         : "Missing a comma or ] after an array element.");
        if (object)
            read_key();
        return false;
    }

    // True when the container was empty, so it is already closed again.
    bool open(Type type)
    {
        if (open_.size() >= layout::kMaxDepth)
            throw Error(ErrorCode::limit_exceeded, "value is nested too deeply",
                        "At most " + std::to_string(layout::kMaxDepth) + " levels are allowed.");
        ++at_;
        open_.push_back({type, finished_.size(), {}});
        if (!take(type == Type::object ? '}' : ']'))
            return false;
        close();
        return true;
    }

    void close()
    {
        std::size_t first = open_.back().first, count = finished_.size() - first;
        Type type = open_.back().type;
        auto *children =
            static_cast<Node *>(memory_->allocate(count * sizeof(Node) + 1, alignof(Node)));
        std::uninitialized_copy_n(finished_.begin() + static_cast<std::ptrdiff_t>(first), count,
                                  children);
        finished_.resize(first);
        open_.pop_back();
        add(make_container(type, {children, count}));
    }

    void add(Node node)
    {
        if (finished_.size() % 1024 == 0)
            check_interrupt();
        if (!open_.empty())
            node.key = open_.back().key;
        finished_.push_back(node);
    }

    void read_key()
    {
        if (skip_space() != '"')
            raise("Missing a name for object member.");
        open_.back().key = read_string();
        if (!take(':'))
            raise("Missing a colon after a name of object member.");
    }

    void read_word(std::string_view word)
    {
        if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word))
            raise("Invalid value.");
        at_ += word.size();
    }

    Node read_number()
    {
        const char *start = at_;
        at_ = find_byte(at_, end_, [](char byte) { return !is_of_number(byte); });
        std::string_view text(start, static_cast<std::size_t>(at_ - start));
        try {
            return make_number(Number::parse(text), memory_);
        } catch (const Error &error) {
            if (error.code() == ErrorCode::out_of_range && faulty_ == FaultyNumbers::keep)
                return make_number_literal(keep(text));
            if (error.code() != ErrorCode::invalid_text)
                throw;
            at_ = start;
            raise("Invalid value.");
        }
    }

    // Text without escapes, which is nearly all of it, is copied as it is.
    std::string_view read_string()
    {
        const char *start = ++at_;
        at_ = find_byte(at_, end_, ends_plain_text);
        std::string_view plain(start, static_cast<std::size_t>(at_ - start));
        if (at_ == end_ || *at_ != '"')
            return read_escaped_string(plain);
        ++at_;
        require_valid(plain, start);
        return keep(plain);
    }

    static bool ends_plain_text(char byte)
    {
        return byte == '"' || byte == '\\' || static_cast<unsigned char>(byte) < 0x20;
    }

    std::string_view read_escaped_string(std::string_view plain)
    {
        std::pmr::vector<char> text(plain.begin(), plain.end(), memory_);
        const char *start = at_ - plain.size();
        for (InterruptPoll poll;; poll.step()) {
            const char *stretch = at_;
            at_ = find_byte(at_, end_, ends_plain_text);
            text.insert(text.end(), stretch, at_);
            if (at_ == end_)
                raise("Missing a closing quotation mark in string.");
            if (*at_ == '"')
                break;
            if (*at_ != '\\')
                raise("Control characters in a string must be escaped.");
            ++at_;
            read_escape(text);
        }
        ++at_;
        std::string_view all(text.data(), text.size());
        require_valid(all, start);
        return keep(all);
    }

    void read_escape(std::pmr::vector<char> &text)
    {
        static constexpr std::string_view names = "\"\\/bfnrt", values = "\"\\/\b\f\n\r\t";
        if (at_ == end_)
            raise("Missing a closing quotation mark in string.");
        char name = *at_++;
        if (name == 'u') {
            add_character(read_code_point(), text);
            return;
        }
        std::size_t index = names.find(name);
        if (index == std::string_view::npos) {
            --at_;
            raise("Invalid escape character in string.");
        }
        text.push_back(values[index]);
    }

    unsigned read_code_point()
    {
        unsigned code = read_hex();
        if (code == 0)
            throw Error(ErrorCode::invalid_encoding, "text must not contain NUL characters");
        if (code < 0xD800 || code > 0xDFFF)
            return code;
        bool paired = code <= 0xDBFF && end_ - at_ >= 2 && at_[0] == '\\' && at_[1] == 'u';
        if (paired) {
            at_ += 2;
            unsigned low = read_hex();
            if (low >= 0xDC00 && low <= 0xDFFF)
                return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
        raise("The surrogate pair in string is invalid.");
    }

    unsigned read_hex()
    {
        unsigned code = 0;
        for (int digit = 0; digit < 4; ++digit, ++at_) {
            char byte = at_ == end_ ? '\0' : *at_;
            unsigned value = byte >= '0' && byte <= '9'   ? static_cast<unsigned>(byte - '0')
                             : byte >= 'a' && byte <= 'f' ? static_cast<unsigned>(byte - 'a' + 10)
                             : byte >= 'A' && byte <= 'F' ? static_cast<unsigned>(byte - 'A' + 10)
                                                          : 16;
            if (value == 16)
                raise("Incorrect hex digit after \\u escape in string.");
            code = code << 4 | value;
        }
        return code;
    }

    static void add_character(unsigned code, std::pmr::vector<char> &text)
    {
        auto add_byte = [&](unsigned byte) { text.push_back(static_cast<char>(byte)); };
        if (code < 0x80) {
            add_byte(code);
        } else if (code < 0x800) {
            add_byte(0xC0 | code >> 6);
            add_byte(0x80 | (code & 0x3F));
        } else if (code < 0x10000) {
            add_byte(0xE0 | code >> 12);
            add_byte(0x80 | (code >> 6 & 0x3F));
            add_byte(0x80 | (code & 0x3F));
        } else {
            add_byte(0xF0 | code >> 18);
            add_byte(0x80 | (code >> 12 & 0x3F));
            add_byte(0x80 | (code >> 6 & 0x3F));
            add_byte(0x80 | (code & 0x3F));
        }
    }

    void require_valid(std::string_view text, const char *start)
    {
        if (is_valid_text(text))
            return;
        throw Error(ErrorCode::invalid_encoding, std::string("invalid UTF-8 in ") + what_,
                    "In the string at byte " + std::to_string(start - begin_) + ".");
    }

    std::string_view keep(std::string_view text)
    {
        auto *bytes = static_cast<char *>(memory_->allocate(text.size() + 1, 1));
        std::copy(text.begin(), text.end(), bytes);
        return {bytes, text.size()};
    }

    [[noreturn]] void raise(const char *fault) const
    {
        throw Error(ErrorCode::invalid_text, std::string("invalid input syntax for ") + what_,
                    "At byte " + std::to_string(at_ - begin_ + 1) + ": " + fault);
    }

    const char *begin_;
    const char *at_;
    const char *end_;
    FaultyNumbers faulty_;
    std::pmr::memory_resource *memory_;
    const char *what_;
    NodeList finished_;
    std::pmr::vector<Open> open_;
};

}  // namespace

Node read_json(std::string_view text, std::pmr::memory_resource *memory, const char *what,
               FaultyNumbers faulty)
{
    return Reader(text, faulty, memory, what).read();
}

}  // namespace profiles
