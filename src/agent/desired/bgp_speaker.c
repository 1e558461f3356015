/* SPDX-License-Identifier: Apache-2.0 */
/* BGP speakers that speak on this host. */
#include "agent/desired/parts.h"

void bgp_speaker_free(gpointer data)
{
	struct bgp_speaker *speaker = data;
	struct record record = { .kind = RECORD_BGP_SPEAKER, .bgp_speaker = speaker->record };

	record_clear(&record);
	g_free(speaker);
}

void bgp_speaker_put(
	struct desired *desired, const struct uuid *id, struct record_bgp_speaker *record)
{
	struct bgp_speaker *speaker = g_new0(struct bgp_speaker, 1);

	speaker->id = *id;
	speaker->record = *record;
	*record = (struct record_bgp_speaker){ 0 }; /* taken over */
	g_hash_table_replace(desired->bgp_speakers, &speaker->id, speaker);
}
