-- account --
-- How an account is called in an authenticator: number and bank. $1 bank  $2 volunteer
select v.number, b.name from volunteer v join bank b using (bank_id) where v.bank_id = $1 and v.volunteer_id = $2
