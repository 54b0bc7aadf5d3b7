"""Platform + lock + catalogue -> Plan; decides everything."""
