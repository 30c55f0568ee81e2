#include "harness/cmd/init_files.h"

#include "harness/base/file.h"
#include "harness/contract/contract.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { TEXT_MAX = 64 * 1024 * 1024, MODE_PUBLIC = 0644, MODE_PRIVATE = 0600 };

static const char *add_path(struct init_files *files, const char *folder, const char *inner, const char *name,
			    struct error *err)
{
	char *path = files->paths[files->count];
	int length = snprintf(path, INIT_PATH_SIZE, "%s/%s%s%s", folder, inner, inner[0] != '\0' ? "/" : "", name);
	if (length < 0 || length >= INIT_PATH_SIZE) {
		error_set(err, ERROR_LIMIT, "the path of the folder is too long; choose another one with -o");
		return NULL;
	}
	files->count++;
	return path;
}

bool init_files_name(struct init_files *files, const char *interface, const char *folder, bool recording,
		     struct error *err)
{
	char inner[128];
	*files = (struct init_files){.folder = folder};
	snprintf(inner, sizeof(inner), "contracts/%s", interface);
	files->config = add_path(files, folder, "", "understudy.yaml", err);
	files->contract = add_path(files, folder, inner, "contract.yaml", err);
	if (files->config == NULL || files->contract == NULL ||
	    add_path(files, folder, inner, "request.schema.json", err) == NULL ||
	    add_path(files, folder, inner, "response.schema.json", err) == NULL ||
	    add_path(files, folder, inner, "prompt.md", err) == NULL) {
		return false;
	}
	files->recording = recording ? add_path(files, folder, "", "recording.jsonl", err) : NULL;
	return !recording || files->recording != NULL;
}

bool init_files_check_absent(const struct init_files *files, struct error *err)
{
	for (size_t i = 0; i < files->count; i++) {
		if (access(files->paths[i], F_OK) == 0) {
			return error_set(
				err, ERROR_USAGE,
				"%s is there already; choose another folder with -o, or overwrite it with --force",
				files->paths[i]);
		}
	}
	return true;
}

static bool write_text(const char *path, const struct buffer *text, struct error *err)
{
	return file_make_parent(path, err) && file_write(path, buffer_span(text), MODE_PUBLIC, err);
}

static bool write_config(const struct init_files *files, const struct draft *draft, struct error *err)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
	buffer_append_format(&text,
			     "# One installation; all keys: docs/configuration.md.\n"
			     "store: sqlite:var/understudy.db\n"
			     "spool: file:var/spool\n"
			     "timezone: UTC  # weeks are cut in it\n"
			     "# web: {listen: 127.0.0.1:8400}  # pages, for \"understudy web\" and \"understudy run\"\n"
			     "interfaces:\n  - contracts/%s/contract.yaml\n",
			     draft->interface);
	return buffer_ok(&text, "the configuration", err) && write_text(files->config, &text, err);
}

static bool write_made(const struct draft *draft, const char *path,
		       bool (*make)(const struct draft *draft, struct buffer *text, struct error *err),
		       struct error *err)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
	return make(draft, &text, err) && write_text(path, &text, err);
}

static bool put_line(void *context, struct span line, struct error *err)
{
	return fwrite(line.data, 1, line.length, context) == line.length ||
	       error_set_system(err, errno, "cannot write the recording");
}

/* Whole messages: for nobody but their owner. */
static bool write_recording(const char *path, struct draft *draft, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, MODE_PRIVATE);
	FILE *stream = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (stream == NULL) {
		return error_set_system(err, errno, "cannot write %s", path);
	}
	bool good = draft_write_recording(draft, put_line, stream, err);
	if (fclose(stream) != 0 && good) {
		good = error_set_system(err, errno, "cannot write %s", path);
	}
	return good;
}

/* What was written must load: a fault here is one of ours, and better known now than at the first replay. */
static bool check_contract(const char *file, struct error *err)
{
	struct contract *contract = contract_load(file, err);
	bool good = contract != NULL;
	contract_destroy(contract);
	return good;
}

bool init_files_write(const struct init_files *files, struct draft *draft, struct error *err)
{
	return write_config(files, draft, err) && write_made(draft, files->contract, draft_write_contract, err) &&
	       write_made(draft, files->paths[2], draft_write_request_schema, err) &&
	       write_made(draft, files->paths[3], draft_write_response_schema, err) &&
	       write_made(draft, files->paths[4], draft_write_prompt, err) &&
	       (files->recording == NULL || write_recording(files->recording, draft, err)) &&
	       check_contract(files->contract, err);
}
