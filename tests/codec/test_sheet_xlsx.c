/* Tables in XLSX. The workbooks are written here, part by part, from ECMA-376; serial days are those of its part 1,
 * 18.17.4.1 (1 is 1900-01-01, 2958465 is 9999-12-31; from 1904: 0 is 1904-01-01). */
#include "harness/codec/archive.h"
#include "harness/codec/sheet.h"
#include "tests/codec/sheet_show.h"
#include "tests/codec/suites.h"

#include <stdlib.h>
#include <zlib.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define MAIN "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\""
#define OFFICE "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

enum { ARENA_MAX = 1 << 26 };

/* --- a ZIP file (APPNOTE.TXT 4.3), parts deflated --- */

struct zip {
	struct buffer bytes;
	struct buffer directory;
	uint16_t parts;
	uint16_t flags;
};

static void put(struct buffer *buffer, uint32_t number, int bytes)
{
	for (int i = 0; i < bytes; i++) {
		buffer_append_byte(buffer, (char)(number >> (8 * i)));
	}
}

/* From "flags" to "extra length": the same in a part's head and in the directory. */
static void put_common(const struct zip *zip, struct buffer *buffer, const char *name, uint32_t crc, size_t packed,
		       size_t plain)
{
	put(buffer, zip->flags, 2);
	put(buffer, Z_DEFLATED, 2);
	put(buffer, 0, 4);
	put(buffer, crc, 4);
	put(buffer, (uint32_t)packed, 4);
	put(buffer, (uint32_t)plain, 4);
	put(buffer, (uint32_t)strlen(name), 2);
	put(buffer, 0, 2);
}

static void zip_add(struct zip *zip, const char *name, struct span content)
{
	size_t room = content.length + content.length / 100 + 100;
	char *packed = malloc(room);
	char *plain = malloc(content.length + 1);
	ck_assert(packed != NULL && plain != NULL);
	memcpy(plain, content.data, content.length);
	z_stream stream = {.next_in = (unsigned char *)plain,
			   .avail_in = (unsigned)content.length,
			   .next_out = (unsigned char *)packed,
			   .avail_out = (unsigned)room};
	ck_assert_int_eq(deflateInit2(&stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	uint32_t crc = (uint32_t)crc32(0, (unsigned char *)plain, (unsigned)content.length);
	uint32_t offset = (uint32_t)zip->bytes.length;
	put(&zip->bytes, 0x04034b50, 4);
	put(&zip->bytes, 20, 2);
	put_common(zip, &zip->bytes, name, crc, stream.total_out, content.length);
	buffer_append_text(&zip->bytes, name);
	buffer_append(&zip->bytes, packed, stream.total_out);
	put(&zip->directory, 0x02014b50, 4);
	put(&zip->directory, 20, 2);
	put(&zip->directory, 20, 2);
	put_common(zip, &zip->directory, name, crc, stream.total_out, content.length);
	put(&zip->directory, 0, 4); /* comment, disk */
	put(&zip->directory, 0, 2);
	put(&zip->directory, 0, 4); /* attributes */
	put(&zip->directory, offset, 4);
	buffer_append_text(&zip->directory, name);
	zip->parts++;
	free(packed);
	free(plain);
}

static struct span zip_end(struct zip *zip)
{
	uint32_t start = (uint32_t)zip->bytes.length;
	buffer_append_span(&zip->bytes, buffer_span(&zip->directory));
	put(&zip->bytes, 0x06054b50, 4);
	put(&zip->bytes, 0, 4);
	put(&zip->bytes, zip->parts, 2);
	put(&zip->bytes, zip->parts, 2);
	put(&zip->bytes, (uint32_t)zip->directory.length, 4);
	put(&zip->bytes, start, 4);
	put(&zip->bytes, 0, 2);
	ck_assert(!zip->bytes.failed && !zip->directory.failed);
	return buffer_span(&zip->bytes);
}

#define ZIP_INIT                                                                                                       \
	{                                                                                                              \
		.bytes = BUFFER_INIT(1 << 26), .directory = BUFFER_INIT(1 << 16)                                       \
	}

static void zip_finish(struct zip *zip)
{
	buffer_finish(&zip->bytes);
	buffer_finish(&zip->directory);
}

/* --- a workbook with two sheets, hidden first --- */

static const char PACKAGE[] = "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>"
			      "<Relationship Id='r9' Type='" OFFICE "/officeDocument' Target='xl/workbook.xml'/>"
			      "</Relationships>";
static const char PARTS[] = "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>"
			    "<Relationship Id='a' Type='" OFFICE "/worksheet' Target='worksheets/sheet1.xml'/>"
			    "<Relationship Id='b' Type='" OFFICE "/worksheet' Target='/xl/worksheets/sheet2.xml'/>"
			    "<Relationship Id='c' Type='" OFFICE "/sharedStrings' Target='sharedStrings.xml'/>"
			    "<Relationship Id='d' Type='" OFFICE "/styles' Target='styles.xml'/>"
			    "</Relationships>";
static const char BOOK[] = "<workbook " MAIN " xmlns:r='" OFFICE "'>%s<sheets>"
			   "<sheet name='secret' sheetId='1' state='hidden' r:id='a'/>"
			   "<sheet name='Über' sheetId='2' r:id='b'/></sheets></workbook>";
/* cell formats: 0 plain, 1 date built in, 2 own date and time, 3 own amount, 4 time of day, 5 elapsed, 6 colour */
static const char STYLES[] =
	"<styleSheet " MAIN "><numFmts count='4'><numFmt numFmtId='164' formatCode='yyyy\\-mm\\-dd\\ hh:mm'/>"
	"<numFmt numFmtId='165' formatCode='#,##0.00\\ \"day\"'/>"
	"<numFmt numFmtId='166' formatCode='[h]:mm:ss'/><numFmt numFmtId='167' formatCode='[Red]0.00'/></numFmts>"
	"<cellStyleXfs count='1'><xf numFmtId='14'/></cellStyleXfs><cellXfs count='7'><xf numFmtId='0'/>"
	"<xf numFmtId='14'/><xf numFmtId='164'/><xf numFmtId='165'/><xf numFmtId='20'/><xf numFmtId='166'/>"
	"<xf numFmtId='167'/></cellXfs></styleSheet>";
static const char STRINGS[] = "<sst " MAIN "><si><t>queue</t></si><si><r><t>bil</t></r><r><rPr><b/></rPr><t "
			      "xml:space='preserve'>ling </t></r><rPh sb='0' eb='1'><t>no</t></rPh></si>"
			      "<si><t>two_x000A_lines &lt;&amp;&gt; _xyz_</t></si></sst>";

static struct span make_workbook(struct zip *zip, const char *properties, const char *rows)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 22);
	zip_add(zip, "_rels/.rels", span_of(PACKAGE));
	zip_add(zip, "xl/_rels/workbook.xml.rels", span_of(PARTS));
	buffer_append_format(&text, BOOK, properties);
	zip_add(zip, "xl/workbook.xml", buffer_span(&text));
	zip_add(zip, "xl/styles.xml", span_of(STYLES));
	zip_add(zip, "xl/sharedStrings.xml", span_of(STRINGS));
	zip_add(zip, "xl/worksheets/sheet1.xml",
		SPAN("<worksheet " MAIN "><sheetData><row><c><v>7</v></c></row></sheetData></worksheet>"));
	buffer_clear(&text);
	buffer_append_format(&text, "<?xml version='1.0'?><worksheet %s><sheetData>%s</sheetData></worksheet>", MAIN,
			     rows);
	zip_add(zip, "xl/worksheets/sheet2.xml", buffer_span(&text));
	return zip_end(zip);
}

static const struct {
	const char *rows;
	const char *shown;
} reads[] = {
	{"", ""},
	{"<row r='1'><c r='A1' t='s'><v>0</v></c><c r='B1' t='s'><v>1</v></c></row>", "[queue][billing ]\n"},
	{"<row r='2'><c r='C2' t='s'><v>2</v></c></row>", "...\n..[two\nlines <&> _xyz_]\n"},
	{"<row><c t='inlineStr'><is><t>a</t></is></c><c t='inlineStr'><is><r><t>b</t></r><r><t>c</t></r></is></c></row>"
	 "<row><c t='str'><f>A1&amp;\"x\"</f><v>ax</v></c><c t='b'><v>1</v></c><c t='b'><v>0</v></c>"
	 "<c t='e'><v>#N/A</v></c></row>",
	 "[a][bc]..\n[ax][true][false][#N/A]\n"},
	{"<row><c><v>5</v></c><c><v>19.989999999999998</v></c><c><v>1E-3</v></c><c><v>12345678901234567</v></c>"
	 "<c><v>-0.1</v></c><c s='3'><v>1234.5</v></c><c s='5'><v>1.5</v></c><c s='6'><v>2</v></c></row>",
	 "[5][19.99][0.001][12345678901234567][-0.1][1234.5][1.5][2]\n"},
	{"<row><c s='1'><v>1</v></c><c s='1'><v>59</v></c><c s='1'><v>61</v></c><c s='1'><v>43831</v></c>"
	 "<c s='1'><v>2958465</v></c></row>",
	 "[1900-01-01][1900-02-28][1900-03-01][2020-01-01][9999-12-31]\n"},
	{"<row><c s='2'><v>43831.75</v></c><c s='2'><v>43831.354166666664</v></c><c s='4'><v>0.354166666666667</v></c>"
	 "<c s='1'><v>-1</v></c><c s='1'><v>1e9</v></c><c s='1' t='s'><v>0</v></c></row>",
	 "[2020-01-01T18:00:00][2020-01-01T08:30:00][08:30:00][-1][1000000000][queue]\n"},
	/* rounded up over midnight */
	{"<row><c s='2'><v>43831.9999999999</v></c></row>", "[2020-01-02]\n"},
	/* rows in any order, cells without content, styles that are not there */
	{"<row r='2'><c r='A2'><v>2</v></c><c r='B2' s='1'/></row><row r='1'><c r='A1' s='99'><v>1</v></c></row>",
	 "[1]\n[2]\n"},
};

START_TEST(read_cells)
{
	struct zip zip = ZIP_INIT;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	CLEANUP_BUFFER struct buffer shown = BUFFER_INIT(10000);
	struct sheet sheet;
	struct error err = ERROR_INIT;
	buffer_append_text(&shown, "");
	struct span bytes = make_workbook(&zip, "", reads[_i].rows);
	ck_assert_msg(sheet_read_xlsx(bytes, NULL, &arena, &sheet, &err), "%s", err.message);
	sheet_show(&sheet, &shown);
	ck_assert_str_eq(shown.data, reads[_i].shown);
	zip_finish(&zip);
}
END_TEST

START_TEST(count_days_from_1904)
{
	struct zip zip = ZIP_INIT;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	CLEANUP_BUFFER struct buffer shown = BUFFER_INIT(1000);
	struct sheet sheet;
	struct span bytes = make_workbook(&zip, "<workbookPr date1904='1'/>",
					  "<row><c s='1'><v>0</v></c><c s='1'><v>42369</v></c></row>");
	ck_assert(sheet_read_xlsx(bytes, NULL, &arena, &sheet, NULL));
	sheet_show(&sheet, &shown);
	ck_assert_str_eq(shown.data, "[1904-01-01][2020-01-01]\n");
	zip_finish(&zip);
}
END_TEST

START_TEST(take_the_sheet_of_that_name)
{
	struct zip zip = ZIP_INIT;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	struct sheet sheet;
	struct error err = ERROR_INIT;
	struct span bytes = make_workbook(&zip, "", "<row><c><v>8</v></c></row>");
	ck_assert(sheet_read_xlsx(bytes, "secret", &arena, &sheet, NULL));
	ck_assert(span_is(sheet_cell(&sheet, 0, 0), "7"));
	ck_assert(sheet_read_xlsx(bytes, "Über", &arena, &sheet, NULL));
	ck_assert(span_is(sheet_cell(&sheet, 0, 0), "8"));
	ck_assert(!sheet_read_xlsx(bytes, "none", &arena, &sheet, &err));
	ck_assert_int_eq(err.code, ERROR_MISSING);
	zip_finish(&zip);
}
END_TEST

static const struct {
	const char *rows;
	enum error_code code;
} faults[] = {
	{"<row><c t='s'><v>3</v></c></row>", ERROR_FORMAT},
	{"<row><c t='s'><v>-1</v></c></row>", ERROR_FORMAT},
	{"<row r='0'><c><v>3</v></c></row>", ERROR_FORMAT},
	{"<row r='1048577'><c><v>3</v></c></row>", ERROR_FORMAT},
	{"<row><c r='XFE1'><v>3</v></c></row>", ERROR_FORMAT},
	{"<row><c r='A'><v>3</v></c></row>", ERROR_FORMAT},
	{"<c><v>3</v></c>", ERROR_FORMAT},
	{"<row><c><v>3</v></row>", ERROR_FORMAT},
	{"<row><c><v>&e;</v></c></row>", ERROR_FORMAT},
	{"<row r='1048576'><c r='XFD1048576'><v>3</v></c></row>", ERROR_LIMIT},
};

START_TEST(refuse_what_is_no_sheet)
{
	struct zip zip = ZIP_INIT;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	struct sheet sheet;
	struct error err = ERROR_INIT;
	struct span bytes = make_workbook(&zip, "", faults[_i].rows);
	ck_assert(!sheet_read_xlsx(bytes, NULL, &arena, &sheet, &err));
	ck_assert_msg(err.code == faults[_i].code, "%s", err.message);
	zip_finish(&zip);
}
END_TEST

/* Elements without end, and a document type with entities that grow. */
START_TEST(refuse_hostile_xml)
{
	static const char document_type[] = "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><workbook><sheets/></workbook>";
	struct zip zip = ZIP_INIT;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	CLEANUP_BUFFER struct buffer deep = BUFFER_INIT(1 << 24);
	struct sheet sheet;
	struct error err = ERROR_INIT;
	for (int i = 0; i < 100000; i++) {
		buffer_append_text(&deep, "<a>");
	}
	zip_add(&zip, "_rels/.rels", span_of(PACKAGE));
	zip_add(&zip, "xl/_rels/workbook.xml.rels", span_of(PARTS));
	zip_add(&zip, "xl/workbook.xml", _i == 0 ? buffer_span(&deep) : span_of(document_type));
	ck_assert(!sheet_read_xlsx(zip_end(&zip), NULL, &arena, &sheet, &err));
	ck_assert_int_eq(err.code, _i == 0 ? ERROR_LIMIT : ERROR_FORMAT);
	ck_assert_msg(_i == 0 || strstr(err.message, "document type") != NULL, "%s", err.message);
	zip_finish(&zip);
}
END_TEST

static bool count_bytes(void *context, struct span piece)
{
	size_t *total = context;
	*total += piece.length;
	return true;
}

START_TEST(stop_a_bomb_at_the_limit)
{
	enum { PLAIN = 8 << 20, LIMIT = 1 << 20 };
	struct zip zip = ZIP_INIT;
	char *zeros = calloc(1, PLAIN);
	ck_assert_ptr_nonnull(zeros);
	zip_add(&zip, "bomb", (struct span){zeros, PLAIN});
	struct archive *archive = archive_open(zip_end(&zip), NULL);
	ck_assert_ptr_nonnull(archive);
	struct error err = ERROR_INIT;
	size_t total = 0;
	ck_assert(!archive_read(archive, "bomb", LIMIT, count_bytes, &total, &err));
	ck_assert_int_eq(err.code, ERROR_LIMIT);
	ck_assert_uint_le(total, LIMIT);
	ck_assert(archive_read(archive, "BOMB", PLAIN, count_bytes, &total, NULL));
	archive_close(archive);
	zip_finish(&zip);
	free(zeros);
}
END_TEST

START_TEST(refuse_an_encrypted_part)
{
	struct zip zip = ZIP_INIT;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	struct sheet sheet;
	struct error err = ERROR_INIT;
	zip.flags = 1;
	ck_assert(!sheet_read_xlsx(make_workbook(&zip, "", ""), NULL, &arena, &sheet, &err));
	ck_assert_msg(strstr(err.message, "password") != NULL, "%s", err.message);
	zip_finish(&zip);
}
END_TEST

/* Every prefix of a workbook, and every workbook with one byte turned: an error or a sheet, never a crash. */
START_TEST(survive_damage)
{
	struct zip zip = ZIP_INIT;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	struct sheet sheet;
	struct span bytes = make_workbook(&zip, "", reads[3].rows);
	char *copy = malloc(bytes.length);
	ck_assert_ptr_nonnull(copy);
	for (size_t i = 0; i < bytes.length; i++) {
		memcpy(copy, bytes.data, bytes.length);
		struct span cut = {copy, i};
		arena_reset(&arena);
		ck_assert(!sheet_read_xlsx(cut, NULL, &arena, &sheet, NULL));
		copy[i] = (char)~copy[i];
		arena_reset(&arena);
		bool good = sheet_read_xlsx((struct span){copy, bytes.length}, NULL, &arena, &sheet, NULL);
		ck_assert(!good || sheet.cells != NULL);
	}
	free(copy);
	zip_finish(&zip);
}
END_TEST

START_TEST(name_other_files)
{
	static const struct {
		const char *bytes;
		const char *words;
	} rows[] = {{"\xd0\xcf\x11\xe0\xa1\xb1", "XLS file"}, {"a,b\n", "ZIP"}, {"", "ZIP"}, {"PK\3\4", "ZIP"}};
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	struct sheet sheet;
	struct error err = ERROR_INIT;
	ck_assert(!sheet_read_xlsx(span_of(rows[_i].bytes), NULL, &arena, &sheet, &err));
	ck_assert_int_eq(err.code, ERROR_FORMAT);
	ck_assert_msg(strstr(err.message, rows[_i].words) != NULL, "%s", err.message);
}
END_TEST

Suite *sheet_xlsx_suite(void)
{
	Suite *suite = suite_create("sheet xlsx");
	TCase *cases = tcase_create("sheet xlsx");
	tcase_set_timeout(cases, 60);
	tcase_add_loop_test(cases, read_cells, 0, COUNT(reads));
	tcase_add_test(cases, count_days_from_1904);
	tcase_add_test(cases, take_the_sheet_of_that_name);
	tcase_add_loop_test(cases, refuse_what_is_no_sheet, 0, COUNT(faults));
	tcase_add_loop_test(cases, refuse_hostile_xml, 0, 2);
	tcase_add_test(cases, stop_a_bomb_at_the_limit);
	tcase_add_test(cases, refuse_an_encrypted_part);
	tcase_add_test(cases, survive_damage);
	tcase_add_loop_test(cases, name_other_files, 0, 4);
	suite_add_tcase(suite, cases);
	return suite;
}
