//! Mails to people about their own accounts, German first.
