// MongoDB's rules with these differences (docs/reference/operators.md lists them): null is absent, an
// array operand is spread, $min and $max compare within one type, numbers are exact, objects compare
// without regard to key order. Every function either returns the value after or raises an error that
// names key, operator and types.
#include "operators.h"

#include "../error.h"
#include "../profile/assembly.h"
#include "../profile/compare.h"
#include "arrays.h"

namespace profiles {

namespace {

using Value = std::optional<Item>;

[[noreturn]] void raise_operand(const Operation &operation, std::string_view name,
                                const char *expected)
{
    const Node &operand = operation.operand;
    if (operand.type == Type::null)
        throw Error(ErrorCode::null_value,
                    std::string(name) + " of " + quoted(operation.key) + " needs a value", {},
                    "A null operand is not accepted; use $unset to remove a property.");
    throw Error(ErrorCode::wrong_type, std::string(name) + " of " + quoted(operation.key) +
                                           " needs " + expected + ", got " +
                                           type_name(operand.type));
}

[[noreturn]] void raise_value(const Operation &operation, std::string_view name,
                              const char *expected)
{
    throw Error(ErrorCode::wrong_type,
                "cannot apply " + std::string(name) + " to " + quoted(operation.key) + " of type " +
                    type_name(operation.value->type),
                std::string("The property must be ") + expected +
                    " or absent; the operand is of type " + type_name(operation.operand.type) +
                    ".");
}

Item pack_into(const Number &number, std::pmr::memory_resource *memory)
{
    return make_number(number, memory).item();
}

bool removes(const Node &operand)
{
    return operand.type == Type::null || (operand.type == Type::text && operand.bytes.empty());
}

Value leave(const Operation &) { return std::nullopt; }

Value arrive(const Operation &operation)
{
    Value moved;
    if (operation.members)
        moved = operation.members->find(operation.operand.bytes);
    return moved ? moved : operation.value;
}

Value unset(const Operation &) { return std::nullopt; }

Value put(const Operation &operation)
{
    if (operation.operand.packed)
        return operation.operand.item();
    return Item{operation.operand.type, pack(operation.operand, operation.memory)};
}

Value set(const Operation &operation)
{
    if (removes(operation.operand))
        return std::nullopt;
    return put(operation);
}

// As it stands: what $set takes for "no value" is one here.
Value put_literally(const Operation &operation)
{
    return operation.operand.type == Type::null ? std::nullopt : put(operation);
}

Value set_once(const Operation &operation)
{
    return operation.value ? operation.value : set(operation);
}

Number number_operand(const Operation &operation, std::string_view name)
{
    if (!operation.operand.item().is_number())
        raise_operand(operation, name, "a number");
    if (operation.value && !operation.value->is_number())
        raise_value(operation, name, "a number");
    return number_of(operation.operand.item());
}

// Arithmetic whose error says where the number would have stood.
Value calculate(const Operation &operation, std::string_view name,
                Number (*combine)(const Number &, const Number &), const Number &operand)
{
    try {
        return pack_into(combine(number_of(*operation.value), operand), operation.memory);
    } catch (const Error &error) {
        if (error.code() != ErrorCode::out_of_range)
            throw;
        throw Error(ErrorCode::out_of_range,
                    "result of " + std::string(name) + " of " + quoted(operation.key) +
                        " is out of range",
                    error.detail());
    }
}

Value multiply_by(const Operation &operation)
{
    Number factor = number_operand(operation, "$mul");
    return operation.value ? calculate(operation, "$mul", multiply, factor)
                           : pack_into(0, operation.memory);
}

Value increment(const Operation &operation)
{
    Number step = number_operand(operation, "$inc");
    return operation.value ? calculate(operation, "$inc", add, step)
                           : pack_into(step, operation.memory);
}

// Keeps whichever comes first (direction -1) or last (1) in the order of their one type.
Value keep_extreme(const Operation &operation, std::string_view name, int direction)
{
    Item operand = operation.operand.item();
    if (!operand.is_number() && (operand.type != Type::text || operand.bytes.empty()))
        raise_operand(operation, name, "a number or a text that is not empty");
    if (!operation.value)
        return operand;
    bool alike =
        operand.is_number() ? operation.value->is_number() : operation.value->type == Type::text;
    if (!alike)
        raise_value(operation, name, operand.is_number() ? "a number" : "a text");
    return compare_items(operand, *operation.value) * direction > 0 ? operand : operation.value;
}

Value minimum(const Operation &operation) { return keep_extreme(operation, "$min", -1); }
Value maximum(const Operation &operation) { return keep_extreme(operation, "$max", 1); }

void require_array(const Operation &operation, std::string_view name)
{
    if (operation.operand.type == Type::null)
        raise_operand(operation, name, "a value");
    if (operation.value && operation.value->type != Type::array)
        raise_value(operation, name, "an array");
}

Value pop(const Operation &operation)
{
    require_array(operation, "$pop");
    Item operand = operation.operand.item();
    if (!operand.is_number())
        raise_operand(operation, "$pop", "1 or -1");
    Number end = number_of(operand);
    if (end != 1 && end != -1)
        throw Error(ErrorCode::invalid_value,
                    "$pop of " + quoted(operation.key) + " needs 1 or -1, got another number", {},
                    "1 takes the last element away, -1 the first.");
    return operation.value ? remove_end(*operation.value, end == 1, operation.memory)
                           : operation.value;
}

Value pull(const Operation &operation)
{
    require_array(operation, "$pull");
    PullCondition condition(
        operation);  // read even when there is nothing to pull from: a fault is a fault
    if (!operation.value)
        return std::nullopt;
    return remove_elements(*operation.value, condition, operation.memory);
}

Value add_to_set(const Operation &operation)
{
    require_array(operation, "$addToSet");
    return add_missing_elements(operation.value, ArrayOperand(operation, "$addToSet"),
                                operation.memory);
}

Value push(const Operation &operation)
{
    require_array(operation, "$push");
    return insert_elements(operation.value, ArrayOperand(operation, "$push"), operation.memory);
}

}  // namespace

const std::array<OperatorRule, 14> &operator_rules()
{
    static constexpr std::array<OperatorRule, 14> rules = {{
        {"$rename", leave},
        {"$rename", arrive},
        {"$unset", unset},
        {"$set", set},
        {"$literal", put_literally},
        {"$setOnce", set_once},
        {"$mul", multiply_by},
        {"$inc", increment},
        {"$min", minimum},
        {"$max", maximum},
        {"$pop", pop},
        {"$pull", pull},
        {"$addToSet", add_to_set},
        {"$push", push},
    }};
    return rules;
}

std::optional<Operator> find_operator(std::string_view name)
{
    const auto &rules = operator_rules();
    for (std::size_t index = 0; index < rules.size(); ++index)
        if (rules[index].name == name)
            return static_cast<Operator>(index);
    return std::nullopt;
}

bool is_sdk_operator(Operator op)
{
    return op != Operator::rename && op != Operator::literal && op != Operator::pop;
}

}  // namespace profiles
