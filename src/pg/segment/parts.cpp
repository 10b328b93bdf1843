#include "parts.h"

extern "C" {
#include "executor/spi.h"
#include "tcop/dest.h"
}

namespace profiles::pg {

namespace {

struct PartReceiver {
    DestReceiver receiver;
    void (*receive)(TupleTableSlot *row, void *state);
    void *state;
};

void start_parts(DestReceiver *, int, TupleDesc) {}
void end_parts(DestReceiver *) {}

bool receive_part(TupleTableSlot *slot, DestReceiver *receiver)
{
    auto *parts = reinterpret_cast<PartReceiver *>(receiver);
    parts->receive(slot, parts->state);
    return true;
}

}  // namespace

void set_parameter(ParamListInfo parameters, int number, Oid type, Datum value, bool is_null)
{
    ParamExternData &parameter = parameters->params[number - 1];
    parameter.ptype = type;
    parameter.value = is_null ? Datum(0) : value;
    parameter.isnull = is_null;
    parameter.pflags = PARAM_FLAG_CONST;
}

void execute_parts(const char *query, ParamListInfo parameters,
                   void (*receive)(TupleTableSlot *row, void *state), void *state)
{
    PartReceiver parts{};
    parts.receiver.receiveSlot = receive_part;
    parts.receiver.rStartup = start_parts;
    parts.receiver.rShutdown = end_parts;
    parts.receiver.rDestroy = end_parts;
    parts.receiver.mydest = DestNone;
    parts.receive = receive;
    parts.state = state;
    SPIExecuteOptions options{};
    options.params = parameters;
    options.read_only = true;
    options.dest = &parts.receiver;
    if (SPI_execute_extended(query, &options) < 0)
        elog(ERROR, "could not execute \"%s\"", query);
}

}  // namespace profiles::pg
