/* Layer 3. The hidden sheet of the workbook: which state of which contract the field table was written from.
 *
 *	A1 "understudy field table"   B1 format version, "1"
 *	A2 "interface"                B2
 *	A3 "version"                  B3 the contract's
 *	A4 "hash"                     B4 specification_hash in hexadecimal
 *	row 6 on                      the field table as it was: heads, then one row for each field
 *
 * The copy makes it possible to tell what somebody edited from what changed in the contract since. */
#ifndef UNDERSTUDY_DOCUMENT_TABLE_SEAL_H
#define UNDERSTUDY_DOCUMENT_TABLE_SEAL_H

#define TABLE_SEAL_SHEET "Understudy"
#define TABLE_FIELDS_SHEET "Fields"
#define TABLE_SEAL_MARK "understudy field table"
#define TABLE_SEAL_VERSION "1"
enum { TABLE_SEAL_HEAD_ROW = 5 }; /* from 0: the heads of the copy */

#endif
