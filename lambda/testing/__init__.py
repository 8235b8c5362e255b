"""What the functions' tests share: stand-ins of CloudFormation and of an account, answers and responses."""
