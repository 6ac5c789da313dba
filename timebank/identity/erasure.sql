-- erase --
-- All they sign in with; the addresses they came from go from the security log as well. $1 bank  $2 volunteers
with credentials as (
    delete from credential where bank_id = $1 and volunteer_id = any ($2)
), sessions as (
    delete from session where bank_id = $1 and volunteer_id = any ($2)
), codes as (
    delete from one_time_code where bank_id = $1 and volunteer_id = any ($2)
), attempts as (
    delete from sign_in_attempt where bank_id = $1 and volunteer_id = any ($2)
), identities as (
    delete from oidc_identity where bank_id = $1 and volunteer_id = any ($2)
), logins as (
    delete from oidc_login where bank_id = $1 and volunteer_id = any ($2)
)
update security_event set address = null
 where bank_id = $1 and (actor = any ($2) or subject = any ($2)) and address is not null
