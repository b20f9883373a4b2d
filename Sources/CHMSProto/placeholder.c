#include "CHMSProto.h"
