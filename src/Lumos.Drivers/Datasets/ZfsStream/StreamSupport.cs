namespace Lumos.Drivers.Datasets.ZfsStream;

/// <summary>Which streams are unpacked at all, told from their first record.</summary>
internal static class StreamSupport
{
    private const SendFeatures DedupStream = SendFeatures.Dedup | SendFeatures.DedupProperties;

    public static void Check(SendBegin begin, Func<string, DatasetException> invalid)
    {
        string? why = begin switch
        {
            { ObjectSetType: not (SendBegin.FileSystemType or SendBegin.VolumeType) } => $"is of a dataset of the unknown type {begin.ObjectSetType}",
            { FromGuid: not 0 } => "is an incremental one; only a full stream (zfs send without -i) can be unpacked",
            _ when begin.Features.HasFlag(SendFeatures.Raw) => "is encrypted (zfs send -w); send it without -w",
            _ when begin.Features.HasFlag(SendFeatures.Redacted) => "is redacted (zfs send --redact), so parts of it are missing",
            _ when begin.Features.HasFlag(SendFeatures.Resuming) => "is the rest of another one (zfs send -t), so its beginning is missing",
            _ when (begin.Features & DedupStream) != 0 => "is deduplicated (zfs send -D); pass it through zstream redup first",
            _ when (begin.Features & ~SendFeatures.Known) is var unknown and not 0 => $"uses features that are not known here (0x{(ulong)unknown:x})",
            _ => null,
        };
        if (why is not null)
        {
            throw invalid(why);
        }
    }
}
