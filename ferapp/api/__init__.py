"""What `import ferapp` offers to scripts and notebooks."""
