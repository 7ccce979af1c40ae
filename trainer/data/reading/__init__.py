"""What readers share: archives, decoding, tables, labels and the validation draw."""
