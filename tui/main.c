// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The program starts here: the one file that knows both the terminal's side and the gateway's. It hands the
 * gateway, the lab and the console to the command line as functions.
 */
#include <locale.h>
#include <stdio.h>

#include "core/base/paths.h"
#include "core/control/bridge.h"
#include "core/exporter.h"
#include "core/gateway.h"
#include "core/importer.h"
#include "core/lab/lab.h"
#include "tui/cli.h"
#include "tui/console.h"
#include "tui/main_export.h"
#include "tui/main_import.h"

static int
run_gateway(const char *config, const char *socket, const char *state_dir, int verbose)
{
	const struct gateway_options options = {
	    .config = config, .socket = socket, .state_dir = state_dir, .verbose = verbose};

	return gateway_run(&options);
}

static int
run_import(const struct cli_import *import)
{
	const struct importer_command command = {
	    .format = import->format,
	    .file = import->file,
	    .connection = import->connection,
	    .name = import->name,
	    .connection_only = import->connection_only,
	    .inline_secrets = import->inline_secrets,
	};

	return importer_run(&command);
}

static int
run_export(const struct cli_export *export)
{
	const struct exporter_command command = {
	    .format = export->format,
	    .file = export->config,
	    .names = export->names,
	    .inline_secrets = export->inline_secrets,
	};

	return exporter_run(&command);
}

static int
run_lab(bool headless, bool keep, int (*console)(void *context, const char *socket), void *context)
{
	char program[512];
	const struct lab_options options = {
	    .program = program, .headless = headless, .keep = keep, .console = console, .context = context};

	if (!paths_program(program, sizeof(program))) {
		fputs("twinspan: cannot find this program's own file in /proc\n", stderr);
		return 1;
	}
	return lab_run(&options);
}

static int
run_console(const struct console_options *options)
{
	struct console_options all = *options;

	all.import = &main_import;
	all.export = &main_export;
	return console_run(&all);
}

int
main(int argc, char **argv)
{
	static const struct cli_parts parts = {
	    .gateway = run_gateway,
	    .check = gateway_check,
	    .import = run_import,
	    .export = run_export,
	    .lab = run_lab,
	    .bridge = control_bridge_run,
	    .console = run_console,
	    .once = console_once,
	    .default_config = GATEWAY_DEFAULT_CONFIG,
	    .default_socket = GATEWAY_DEFAULT_SOCKET,
	    .default_state_dir = GATEWAY_DEFAULT_STATE,
	};

	setlocale(LC_ALL, "");
	return cli_run(&parts, argc, argv);
}
