"""What is kept: tables, migrations and queries; knows no phase and no screen."""
