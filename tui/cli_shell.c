// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What other programs need to know of the command line: shells, to complete its words, and man, to show its
 * page. Both are made from the command table and the options, so that neither can miss one. Names of tunnels
 * and the like are asked of the gateway at the moment of completion, those of sites of console.yaml: nothing
 * is connected for them.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/base/paths.h"
#include "core/base/text.h"
#include "tui/cli_internal.h"

/* --- completion -------------------------------------------------------------------------------------- */

/* All options of the program, and of `command` (NULL: none), separated by blanks. */
static void
print_option_words(const struct command *command, bool console)
{
	size_t count;
	const struct cli_option *options = cli_options(&count);

	for (size_t i = 0; i < count; i++) {
		if (console || !options[i].console)
			printf("%s ", options[i].name);
	}
	for (size_t i = 0; command != NULL && i < COMMAND_OPTIONS && command->options[i].name != NULL; i++)
		printf("%s ", command->options[i].name);
}

/* The options after which a value stands, as a pattern of the shell; `file`: only those that name a file. */
static void
print_value_pattern(bool file)
{
	const char *separator = "";
	size_t count, commands;
	const struct cli_option *options = cli_options(&count);
	const struct command *table = command_table(&commands);

	for (size_t i = 0; i < count; i++) {
		if (options[i].value == NULL ||
		    (file && strcmp(options[i].value, "FILE") != 0 && strcmp(options[i].value, "DIR") != 0 &&
		     strcmp(options[i].value, "SOCKET") != 0))
			continue;
		printf("%s%s", separator, options[i].name);
		if (options[i].letter != 0)
			printf("|-%c", options[i].letter);
		separator = "|";
	}
	for (size_t c = 0; c < commands && !file; c++) {
		for (size_t i = 0; i < COMMAND_OPTIONS && table[c].options[i].name != NULL; i++) {
			if (table[c].options[i].value != NULL)
				printf("|%s", table[c].options[i].name);
		}
	}
}

static void
print_kinds(void)
{
	for (int kind = 0; kind < MODEL_KIND_COUNT; kind++)
		printf("%s%s", kind > 0 ? " " : "", model_kind_info((enum model_kind)kind)->plural);
}

/* The words that an argument may be, as a line of the shell. */
static void
print_argument(const struct command_argument *argument)
{
	static const struct {
		enum command_argument_kind kind;
		const char *line;
	} lines[] = {
	    {COMMAND_ARGUMENT_TUNNEL, "words=$(_twinspan_names tunnels)"},
	    {COMMAND_ARGUMENT_CONNECTION, "words=$(_twinspan_names connections)"},
	    {COMMAND_ARGUMENT_PEER, "words=$(_twinspan_names peers)"},
	    {COMMAND_ARGUMENT_TARGET, "words=\"$(_twinspan_names connections) $(_twinspan_names tunnels)\""},
	    {COMMAND_ARGUMENT_CONNECTIONS,
	     "words=\"$(_twinspan_names connections) $(_twinspan_names tunnels)\""},
	    {COMMAND_ARGUMENT_FILE, "files=yes"}};

	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		if (lines[i].kind == argument->kind)
			printf("%s", lines[i].line);
	}
	if (argument->kind == COMMAND_ARGUMENT_KIND) {
		printf("words='");
		print_kinds();
		printf("'");
	} else if (argument->kind == COMMAND_ARGUMENT_FORMAT) {
		struct text_list formats = {0};

		paths_formats("export_", &formats);
		printf("words='");
		for (size_t i = 0; i < formats.count; i++)
			printf("%s%s", i > 0 ? " " : "", formats.items[i]);
		printf("'");
		text_list_free(&formats);
	} else if (strcmp(argument->name, "shell") == 0) {
		printf("words='bash zsh'");
	} else if (strcmp(argument->name, "name") == 0) { /* of show: after the kind */
		printf("words=$(_twinspan_names \"$first\")");
	}
}

static void
print_commands(void)
{
	size_t count;
	const struct command *table = command_table(&count);

	for (size_t i = 0; i < count; i++) {
		if (table[i].place == COMMAND_CONSOLE)
			continue;
		printf("\t%s:-*) words='", table[i].name);
		print_option_words(&table[i], strcmp(table[i].name, "lab") == 0);
		printf("' ;;\n");
		for (int a = 0; a < COMMAND_ARGUMENTS && table[i].arguments[a].name != NULL; a++) {
			printf("\t%s:%d) ", table[i].name, a);
			print_argument(&table[i].arguments[a]);
			printf(" ;;\n");
		}
	}
}

static void
print_script(void)
{
	size_t count;
	const struct command *table = command_table(&count);

	printf("_twinspan_names() { # KIND: what the gateway has of it\n"
	       "\ttwinspan show \"$1\" 2>/dev/null | while read -r name rest; do\n"
	       "\t\t[[ -n $seen ]] && printf '%%s ' \"$name\"\n"
	       "\t\tlocal seen=yes\n"
	       "\tdone\n"
	       "}\n\n"
	       "_twinspan() {\n"
	       "\tlocal command= first= word= words= files= seen= head= glue= i place=0 count=0\n"
	       "\tlocal -a typed\n"
	       "\ttyped=()\n"
	       "\tfor (( i = 0; i <= COMP_CWORD; i++ )); do # bash takes '--on=@west' apart\n"
	       "\t\tword=\"${COMP_WORDS[i]}\"\n"
	       "\t\tif [[ $count -gt 0 && ( -n $glue || $word == =* || "
	       "( $word == @* && ${typed[count-1]} == *, ) ) ]]; then\n"
	       "\t\t\ttyped[count-1]=\"${typed[count-1]}$word\"\n"
	       "\t\telse\n"
	       "\t\t\ttyped[count]=\"$word\"; (( count += 1 ))\n"
	       "\t\tfi\n"
	       "\t\tglue=; [[ $word == *= || $word == *@ ]] && glue=yes\n"
	       "\tdone\n"
	       "\tlocal current=\"${typed[count-1]}\" before=\"${typed[count-2]}\"\n"
	       "\ti=1\n"
	       "\twhile (( i < count - 1 )); do\n"
	       "\t\tword=\"${typed[i]}\"\n"
	       "\t\tcase \"$word\" in\n"
	       "\t\t");
	print_value_pattern(false);
	printf(") (( i += 1 )) ;;\n"
	       "\t\t-*) ;;\n"
	       "\t\t*) if [[ -z $command ]]; then command=\"$word\"; else\n"
	       "\t\t\t[[ -n $first ]] || first=\"$word\"; (( place += 1 )); fi ;;\n"
	       "\t\tesac\n"
	       "\t\t(( i += 1 ))\n"
	       "\tdone\n"
	       "\tif [[ $current == --*=* ]]; then\n"
	       "\t\tbefore=\"${current%%%%=*}\"\n"
	       "\t\t[[ -n $BASH_VERSION ]] || head=\"$before=\" # bash completes what is behind '='\n"
	       "\t\tcurrent=\"${current#*=}\"\n"
	       "\tfi\n"
	       "\t[[ $current == -* ]] && place=\"$current\"\n"
	       "\tcase \"$command:$place\" in\n"
	       "\t:-*) words='");
	print_option_words(NULL, true);
	printf("' ;;\n\t:*) words='help ");
	for (size_t i = 0; i < count; i++) {
		if (table[i].place != COMMAND_CONSOLE)
			printf("%s ", table[i].name);
	}
	printf("' ;;\n");
	print_commands();
	printf("\tesac\n"
	       "\tcase \"$before\" in\n\t");
	print_value_pattern(true);
	printf(") words= files=yes ;;\n\t");
	print_value_pattern(false);
	printf(") words= ;;\n"
	       "\tesac\n"
	       "\tif [[ $before == --on ]]; then # a list; bash begins a word at '@'\n"
	       "\t\twords=$(twinspan completion sites 2>/dev/null)\n"
	       "\t\t[[ $current == *,* ]] && head=\"$head${current%%,*},\"\n"
	       "\t\tCOMPREPLY=($(compgen -P \"$head\" -W \"$words\" -- \"${current##*,}\"))\n"
	       "\t\tif [[ -n $BASH_VERSION && $current == *@* && $COMP_WORDBREAKS == *@* ]]; then\n"
	       "\t\t\tCOMPREPLY=(\"${COMPREPLY[@]#\"${current%%@*}\"}\")\n"
	       "\t\tfi\n"
	       "\telif [[ -n $files ]]; then\n"
	       "\t\tCOMPREPLY=($(compgen -P \"$head\" -f -- \"$current\"))\n"
	       "\telse\n"
	       "\t\tCOMPREPLY=($(compgen -P \"$head\" -W \"$words\" -- \"$current\"))\n"
	       "\tfi\n"
	       "}\n"
	       "complete -F _twinspan twinspan\n");
}

/* A shell would expand what else stands in such a name. */
static bool
plain_name(const char *name)
{
	if (*name == '\0')
		return false;
	for (; *name != '\0'; name++) {
		if (!isalnum((unsigned char)*name) && strchr("._-+:", *name) == NULL &&
		    (unsigned char)*name < 0x80)
			return false;
	}
	return true;
}

/* What --on takes: "all", each group once, each site. */
static int
print_sites(const struct cli *cli)
{
	struct text_list groups = {0};
	struct settings settings;
	struct error err = {""};

	if (!settings_load(&settings, cli->console->settings, &err))
		return cli_fail(CONTROL_EXIT_USAGE, "%s", err.text);
	for (size_t i = 0; i < settings.site_count; i++) {
		const struct settings_site *site = &settings.sites[i];

		printf("%s\n", site->name); /* the settings take no other names */
		if (plain_name(site->group) && !text_list_has(&groups, site->group))
			text_list_add(&groups, site->group);
	}
	for (size_t i = 0; i < groups.count; i++)
		printf("@%s\n", groups.items[i]);
	if (settings.site_count > 0)
		printf("all\n");
	text_list_free(&groups);
	settings_free(&settings);
	return CONTROL_EXIT_DONE;
}

int
cli_print_completion(const struct cli *cli, const char *shell)
{
	char clean[64];

	if (strcmp(shell, "sites") == 0)
		return print_sites(cli);
	if (strcmp(shell, "zsh") == 0)
		printf("# zsh: source <(twinspan completion zsh), after compinit\n"
		       "autoload -U +X bashcompinit && bashcompinit\n\n");
	else if (strcmp(shell, "bash") == 0)
		printf("# bash: source <(twinspan completion bash)\n\n");
	else
		return cli_fail(CONTROL_EXIT_USAGE, "completion is for bash and zsh, not for '%s'",
				text_clean(clean, sizeof(clean), shell));
	print_script();
	return CONTROL_EXIT_DONE;
}

/* --- the manual page --------------------------------------------------------------------------------- */

/* Text for troff (groff(7)): what it would read as its own is escaped, other characters go by their number.
 */
static void
put(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	if (*c == '.' || *c == '\'')
		printf("\\&");
	while (*c != '\0') {
		unsigned number = *c;
		int more = number >= 0xf0 ? 3 : number >= 0xe0 ? 2 : number >= 0xc0 ? 1 : 0;

		if (more > 0)
			number &= 0x3fU >> more;
		for (c++; more > 0 && *c != '\0'; more--, c++)
			number = number << 6 | (*c & 0x3fU);
		if (number >= 0x80)
			printf("\\[u%04X]", number);
		else if (number == '-' || number == '\\')
			printf(number == '-' ? "\\-" : "\\e");
		else
			putchar((int)number);
	}
}

/* An entry of a list: its name in bold, its text below. */
static void
put_entry(const char *name, const char *text)
{
	printf(".TP\n\\fB");
	put(name);
	printf("\\fR\n");
	put(text);
	printf("\n");
}

static void
put_option(const char *name, char letter, const char *value, const char *help)
{
	char text[96], short_form[8] = "";

	if (letter != 0)
		snprintf(short_form, sizeof(short_form), "-%c, ", letter);
	snprintf(text, sizeof(text), "%s%s%s%s", short_form, name, value != NULL ? " " : "",
		 value != NULL ? value : "");
	put_entry(text, help);
}

static void
put_options(void)
{
	size_t count;
	const struct cli_option *options = cli_options(&count);

	printf(".SH OPTIONS\n");
	for (int console = 0; console < 2; console++) {
		if (console)
			printf(".SS Of the console only\n");
		for (size_t i = 0; i < count; i++) {
			if (options[i].console == (console == 1))
				put_option(options[i].name, options[i].letter, options[i].value,
					   options[i].help);
		}
	}
}

static void
put_options_of(const struct command *command)
{
	for (size_t i = 0; i < COMMAND_OPTIONS && command->options[i].name != NULL; i++) {
		printf(".RS\n");
		put_option(command->options[i].name, command->options[i].letter, command->options[i].value,
			   command->options[i].help);
		printf(".RE\n");
	}
}

static void
put_command(const struct command *command)
{
	char usage[256];

	put_entry(command_usage(command, usage, sizeof(usage)), command->help);
	put_options_of(command);
	if (command->role != COMMAND_VIEWER)
		printf(".RS\nNeeds the role %s.\n.RE\n", command_role_name(command->role));
}

static void
put_commands(void)
{
	size_t count;
	const struct command *table = command_table(&count);

	printf(".SH COMMANDS\n");
	for (size_t i = 0; i < count; i++) {
		if (table[i].place != COMMAND_CONSOLE)
			put_command(&table[i]);
	}
	printf("The kinds of \\fBshow\\fR: ");
	print_kinds();
	printf(".\n");
}

/* The keys, of all commands that have some. */
static void
put_keys(void)
{
	size_t count;
	const struct command *table = command_table(&count);

	printf(".SH THE CONSOLE\n"
	       "Commands with their keys; each can also be typed after \\(oq:\\(cq. console.yaml gives them "
	       "other keys.\n");
	for (size_t i = 0; i < count; i++) {
		char usage[256], name[400];

		if (table[i].place != COMMAND_CONSOLE && table[i].keys == NULL)
			continue;
		command_usage(&table[i], usage, sizeof(usage));
		snprintf(name, sizeof(name), "%s%s%s", table[i].keys != NULL ? table[i].keys : ":",
			 table[i].keys != NULL ? "   " : "", usage);
		put_entry(name, table[i].help);
		if (table[i].place == COMMAND_CONSOLE)
			put_options_of(&table[i]);
	}
}

static void
put_files(const struct cli *cli)
{
	printf(".SH ENVIRONMENT\n");
	put_entry("TWINSPAN_SOCKET", "the gateway's control socket, where -s does not say it");
	put_entry("NO_COLOR", "no colours, where it is set and not empty (https://no-color.org)");
	put_entry("COLUMNS", "how wide --once prints where stdout is no terminal");
	printf(".SH FILES\n");
	put_entry(cli->parts->default_config, "the configuration of the gateway");
	put_entry(cli->parts->default_socket, "the control socket");
	put_entry(cli->parts->default_state_dir, "the gateway's state");
	put_entry("~/.config/twinspan/console.yaml",
		  "settings of the console: theme, colours, keys, columns");
}

int
cli_print_manual(const struct cli *cli)
{
	printf(".\\\" Made by `twinspan manual` from the command table.\n"
	       ".TH TWINSPAN 1 \"\" \"twinspan %s\" \"User Commands\"\n"
	       ".SH NAME\ntwinspan \\- a site\\-to\\-site VPN gateway that is operated from a terminal\n"
	       ".SH SYNOPSIS\n"
	       ".B twinspan\n[\\fIoptions\\fR]\n.br\n"
	       ".B twinspan\n[\\fIoptions\\fR] \\fIcommand\\fR [\\fIargument\\fR ...]\n"
	       ".SH DESCRIPTION\n"
	       "Without a command the console opens on the local gateway; with \\fB\\-c\\fR it starts the "
	       "gateway in the "
	       "background first if none runs. Where stdout is no terminal the overview is printed.\n"
	       ".PP\nEvery connection has two tunnels; BGP, or static routes with health checks, decides "
	       "which one "
	       "carries traffic, and when it dies the other takes over.\n",
	       TWINSPAN_VERSION);
	put_options();
	put_commands();
	put_keys();
	printf(".SH EXIT STATUS\n0 done, 1 refused or failed, 2 usage, 3 no gateway reached, 4 not "
	       "permitted.\n");
	put_files(cli);
	return CONTROL_EXIT_DONE;
}
