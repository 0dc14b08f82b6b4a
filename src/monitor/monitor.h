/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process beside a container: creates it, tells the engine, starts it,
 * waits for its end, writes down how it ended. The protocol is
 * container/monitorproto.h, the files container/record.h.
 */
#pragma once

/*
 * "gantry-oci monitor create|launch DIR [debug]", with fd 3 connected to the
 * engine. Returns the exit status.
 */
int monitor_main(int argc, char **argv);
