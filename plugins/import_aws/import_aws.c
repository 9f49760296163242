// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The plugin's door. Which of AWS's files it is shows in its first character: XML begins with '<', JSON with
 * '{' or '[', and all else is the text file, or none of them.
 */
#include "plugins/import_aws/import_aws.h"

#include <stdlib.h>
#include <string.h>

static void
close_file(struct import_file *file)
{
	if (file == NULL)
		return;
	for (size_t i = 0; i < file->count; i++)
		aws_connection_clear(&file->connections[i]);
	free(file->connections);
	free(file->findings.items);
	free(file);
}

static bool
read_file(struct aws_reading *reading, const char *bytes, size_t length)
{
	size_t start;

	if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark */
		bytes += 3;
		length -= 3;
	}
	if (length >= 4 && (memcmp(bytes, "\x1f\x8b", 2) == 0 || memcmp(bytes, "PK\x03\x04", 4) == 0))
		return aws_fail(reading, 0, "it is compressed (%s): unpack it first",
				bytes[0] == 'P' ? "zip" : "gzip");
	if (length >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0))
		return aws_fail(reading, 0, "it is UTF-16: save it as UTF-8");
	if (memchr(bytes, '\0', length) != NULL || !text_is_utf8(bytes, length))
		return aws_fail(reading, 0, "it is not text in UTF-8: AWS's files are XML, JSON or text");
	for (start = 0; start < length && strchr(" \t\r\n", bytes[start]) != NULL; start++)
		;
	if (start == length)
		return aws_fail(reading, 0, "the file is empty");
	if (bytes[start] == '<')
		return aws_read_xml(reading, bytes, length);
	if (bytes[start] == '{' || bytes[start] == '[')
		return aws_read_json(reading, bytes, length);
	return aws_read_text(reading, bytes, length);
}

static struct import_file *
open_file(const char *bytes, size_t length, struct import_finding *why)
{
	struct import_file *file = memory_zeroed(1, sizeof(*file));
	struct aws_reading reading = {.file = file, .why = why};

	if (read_file(&reading, bytes, length) && aws_finish(&reading))
		return file;
	close_file(file);
	return NULL;
}

static size_t
count(const struct import_file *file)
{
	return file->count;
}

static void
describe(const struct import_file *file, size_t index, struct import_connection *out)
{
	const struct aws_connection *connection = &file->connections[index];

	*out = (struct import_connection){
	    .id = connection->id != NULL ? connection->id : "",
	    .name = connection->name,
	    .dynamic = !connection->is_static,
	    .tunnels = connection->tunnel_count,
	};
	for (size_t i = 0; i < connection->tunnel_count; i++)
		out->remote[i] = connection->tunnels[i].remote;
}

const struct import_ops aws_import_ops = {
    .format = "aws",
    .open = open_file,
    .close = close_file,
    .count = count,
    .describe = describe,
    .write = aws_write,
    .result_free = aws_result_free,
};
