"""What each command does and says; how it is sent is in `bot/`, how it is kept in `crm_store/`."""
