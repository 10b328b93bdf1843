#include "pick.h"

#include "../error.h"
#include "../interrupt.h"

namespace profiles {

namespace {

class Picker {
public:
    Picker(const DeclaredProperties &declared, std::pmr::memory_resource *memory)
        : declared_(declared), memory_(memory), path_(memory)
    {
    }

    Node pick(const View &object, int depth)
    {
        if (depth > layout::kMaxDepth)
            raise_corrupted_profile();
        NodeList kept(memory_);
        std::size_t parent = path_.size();
        for (Cursor cursor(object); cursor.next();) {
            check_interrupt();
            append_term_step(path_, cursor.key());
            add(kept, cursor, depth);
            path_.resize(parent);
        }
        auto *nodes =
            static_cast<Node *>(memory_->allocate(kept.size() * sizeof(Node) + 1, alignof(Node)));
        std::uninitialized_copy(kept.begin(), kept.end(), nodes);
        return make_container(Type::object, {nodes, kept.size()});
    }

private:
    void add(NodeList &kept, const Cursor &cursor, int depth)
    {
        auto cover = declared_.cover(path_);
        Node node;
        if (cover == DeclaredProperties::Cover::all)
            node = make_node(cursor.item());
        else if (cover == DeclaredProperties::Cover::below && cursor.item().type == Type::object)
            node = pick(View(cursor.item()), depth + 1);
        if (node.type == Type::null || (!node.packed && node.children.empty()))
            return;
        node.key = cursor.key();
        kept.push_back(node);
    }

    const DeclaredProperties &declared_;
    std::pmr::memory_resource *memory_;
    Bytes path_;
};

std::string_view trimmed(std::string_view text)
{
    std::size_t first = text.find_first_not_of(" \t\n\r");
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(" \t\n\r") - first + 1);
}

}  // namespace

Node pick_properties(const View &profile, const DeclaredProperties &declared,
                     std::pmr::memory_resource *memory)
{
    Node root = Picker(declared, memory).pick(profile, 0);
    seal(root);
    return root;
}

Bytes read_declared(std::span<const std::string_view> references, std::pmr::memory_resource *memory)
{
    Bytes packed(memory);
    for (std::string_view reference : references) {
        check_interrupt();
        if (!DeclaredProperties::add(reference, packed))
            throw Error(ErrorCode::invalid_value,
                        quoted(reference) + " is not a property of a profile");
    }
    if (packed.empty())
        throw Error(ErrorCode::invalid_value, "no property is named", {},
                    "Write country, custom.plan or campaign.name.");
    return packed;
}

Bytes read_declared(std::string_view list, std::pmr::memory_resource *memory)
{
    std::pmr::vector<std::string_view> references(memory);
    if (!trimmed(list).empty())
        for (std::size_t at = 0; at <= list.size();) {
            std::size_t end = std::min(list.find(',', at), list.size());
            references.push_back(trimmed(list.substr(at, end - at)));
            at = end + 1;
        }
    return read_declared(references, memory);
}

}  // namespace profiles
