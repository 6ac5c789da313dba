-- counted --
-- What facts change of what counts, by volunteer, organisation and month, in the order in which months are kept.
select f.volunteer_id, f.organisation_id, hashtextextended(f.organisation_id, 0) as organisation_key,
       date_trunc('month', m.day::timestamp)::date as month, sum(m.records)::int as records,
       sum(m.records * m.minutes)::int as minutes,
       sum(case m.capacity when 'staff-on-duty' then m.records * m.minutes else 0 end)::int as duty_minutes,
       sum(m.records * m.credited_minutes)::int as credited_minutes
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
       f (volunteer_id text, organisation_id text, capacity text, minutes int, credited_minutes int, local_date date,
          previous_capacity text, previous_minutes int, previous_credited_minutes int, previous_local_date date),
       lateral (values (f.capacity, f.local_date, case e.topic when 'service-voided' then -1 else 1 end,
                        f.minutes, f.credited_minutes),
                       (f.previous_capacity, f.previous_local_date, -1,
                        f.previous_minutes, f.previous_credited_minutes))
       m (capacity, day, records, minutes, credited_minutes)
 where m.minutes is not null
 group by f.volunteer_id, f.organisation_id, month
 order by f.volunteer_id, month

-- periods --
-- The periods that a month is in, each from one month to another: as those of the boards.
lateral (values (to_char(c.month, 'YYYY-MM'), c.month, c.month),
                (to_char(c.month, 'YYYY'), make_date(extract(year from c.month)::int, 1, 1),
                 make_date(extract(year from c.month)::int, 12, 1)),
                ('all', '-infinity', 'infinity'))
p (period, first, last)

-- count_service --
-- What is counted is taken into the totals of an organisation's months and of the bank's periods. Whoever comes to an
-- organisation's month, or goes from it, comes to a period of the bank or goes from it unless they were, or are, there
-- with another: which is looked for only where they were anywhere. Whoever is new, and in one month, is counted by the month.
-- (`offset` leaves no plan but one probe for each.)
-- $1 bank  $2 after  $3 until  $4 topics
with counted as materialized ({counted}), moved as (
    insert into served_month as known (bank_id, volunteer_id, month, organisation_key, records)
    select $1, volunteer_id, month, organisation_key, records from counted where records <> 0
        on conflict (bank_id, volunteer_id, month, organisation_key) do update
       set records = known.records + excluded.records
    returning new.volunteer_id, new.month, new.organisation_key,
              (new.records > 0)::int - (coalesce(old.records, 0) > 0)::int as people
), parts as materialized (
    select max(organisation_id) as organisation_id, month, sum(people) as people, sum(records) as records,
           sum(minutes) as minutes, sum(duty_minutes) as duty_minutes, sum(credited_minutes) as credited_minutes
      from (select organisation_key, organisation_id, month, 0 as people, sum(records) as records,
                   sum(minutes) as minutes, sum(duty_minutes) as duty_minutes, sum(credited_minutes) as credited_minutes
              from counted group by organisation_key, organisation_id, month
            union all
            select organisation_key, null, month, sum(people), 0, 0, 0, 0
              from moved group by organisation_key, month) c
     group by organisation_key, month
), whose as materialized (
    select v.*, exists (select from served_month s where s.bank_id = $1 and s.volunteer_id = v.volunteer_id
                        offset 0) as is_known
      from (select volunteer_id, array_agg(month) as months, array_agg(people) as changes
              from moved where people <> 0 group by volunteer_id) v
    offset 0
), come_or_gone as (
    select p.period, sum(c.people) as people
      from (select months[1] as month, count(*) as people from whose where not is_known and changes = '{1}'
             group by months[1]) c, {periods}
     group by p.period
    union all
    select m.period,
           case when m.come > 0 and m.gone > 0
                  or m.is_known and exists (select from served_month s
                                             where s.bank_id = $1 and s.volunteer_id = m.volunteer_id
                                               and s.month between m.first and m.last
                                            offset m.gone) then 0
                when m.come > 0 then 1
                else -1 end
      from (select p.period, min(p.first) as first, max(p.last) as last, c.volunteer_id, bool_and(c.is_known) as is_known,
                   count(*) filter (where c.people > 0) as come, count(*) filter (where c.people < 0) as gone
              from whose v,
                   lateral (
                       select v.volunteer_id, v.is_known, m.month, m.people
                         from unnest(v.months, v.changes) m (month, people)
                   ) c, {periods}
             where v.is_known or v.changes <> '{1}'
             group by c.volunteer_id, p.period) m
)
insert into service_total as known (bank_id, organisation_id, period, people, records, minutes, duty_minutes,
                                    credited_minutes)
select $1, s.organisation_id, s.period, sum(s.people), sum(s.records), sum(s.minutes), sum(s.duty_minutes),
       sum(s.credited_minutes)
  from (select organisation_id, to_char(month, 'YYYY-MM') as period, people, records, minutes, duty_minutes,
               credited_minutes from parts
        union all
        select '', p.period, 0, c.records, c.minutes, c.duty_minutes, c.credited_minutes
          from (select month, sum(records) as records, sum(minutes) as minutes, sum(duty_minutes) as duty_minutes,
                       sum(credited_minutes) as credited_minutes from parts group by month) c, {periods}
        union all
        select '', period, sum(people), 0, 0, 0, 0 from come_or_gone group by period) s
 group by s.organisation_id, s.period
having (sum(s.people), sum(s.records), sum(s.minutes), sum(s.duty_minutes), sum(s.credited_minutes)) <> (0, 0, 0, 0, 0)
 order by s.organisation_id, s.period
    on conflict (bank_id, organisation_id, period) do update
   set people = known.people + excluded.people, records = known.records + excluded.records,
       minutes = known.minutes + excluded.minutes, duty_minutes = known.duty_minutes + excluded.duty_minutes,
       credited_minutes = known.credited_minutes + excluded.credited_minutes

-- gone --
-- Where something is counted no more, after which nothing may be left.
select distinct f.volunteer_id, f.organisation_id, c.month
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
       f (volunteer_id text, organisation_id text, local_date date, previous_local_date date),
       lateral (select m.day - (extract(day from m.day)::int - 1)
                  from (values (f.local_date), (f.previous_local_date)) m (day)) c (month)
 where c.month is not null

-- forget_months --
delete from served_month s
 using ({gone}) c
 where s.bank_id = $1 and s.volunteer_id = c.volunteer_id and s.month = c.month and s.records = 0

-- forget_totals --
delete from service_total t
 using (select c.organisation_id, to_char(c.month, 'YYYY-MM') as period from ({gone}) c
         union select '', p.period from ({gone}) c, {periods}) f
 where t.bank_id = $1 and t.organisation_id = f.organisation_id and t.period = f.period and t.records = 0

-- totals --
-- What was kept comes to: the whole of a period, then the next of an organisation's months.
-- $1 bank  $2 period  $3 its first and $4 its last month  $5 after this organisation, $6 month and $7 part  $8 at most
select *
  from (select null as organisation_id, null as month, null as category, null::text[] as programmes, null::bigint as part,
               people, records, minutes, duty_minutes, credited_minutes
          from service_total where bank_id = $1 and organisation_id = '' and period = $2
        union all
        (select organisation_id, period, null, null, 1, people, records, minutes, duty_minutes, credited_minutes
           from service_total
          where bank_id = $1 and organisation_id > '' and (organisation_id, period) >= ($5, $6)
            and (organisation_id, period, 1) > ($5, $6, $7::bigint) and period between $3 and $4
          order by organisation_id, period limit $8)) t
 order by organisation_id nulls first, month
