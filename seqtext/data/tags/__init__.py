"""Words with a tag each: files of columns, word/TAG lines, and tables with lists of words and tags."""
