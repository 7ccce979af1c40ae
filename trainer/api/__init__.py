"""What `import trainer` offers to scripts and notebooks."""
