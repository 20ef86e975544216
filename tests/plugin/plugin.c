/* A shared object with a copy of the library of its own, as a program's plugins have it. Built
 * twice and loaded with RTLD_LOCAL by the test two_copies, which passes arenas between the copies.
 * SPDX-License-Identifier: MIT */
#include "plugin/plugin.h"

__attribute__((visibility("default"))) get_plugin plugin_verbs;

const struct plugin *plugin_verbs(void)
{
    static const struct plugin verbs = PLUGIN_VERBS;
    return &verbs;
}
