using System.Text;
using Lumos.Core;

namespace Lumos.Images.Archives;

/// <summary>What is wrong with an archive, as an error that names it and its entry.</summary>
/// <param name="archive">Its name, for messages.</param>
internal sealed class ArchiveFault(string archive)
{
    public const string RefusedCode = "ArchiveRefused", DamagedCode = "ArchiveDamaged", FailedCode = "UnpackFailed";

    /// <summary>Well-formed, and not to be unpacked.</summary>
    /// <param name="why">The end of a sentence that begins with the entry.</param>
    public LumosException Refused(ReadOnlySpan<byte> entry, string why) =>
        new(RefusedCode, $"archive {archive} is refused: its entry \"{Shown(entry)}\" {why}");

    /// <summary>No archive, or one that was cut short.</summary>
    public LumosException Damaged(string why, Exception? inner = null) => new(DamagedCode, $"archive {archive} is damaged: {why}", inner: inner);

    /// <summary>This machine could not.</summary>
    public LumosException Failed(ReadOnlySpan<byte> entry, Exception inner) =>
        new(FailedCode, $"cannot unpack \"{Shown(entry)}\" of archive {archive}", inner: inner);

    /// <summary>A name for a message: what could move a terminal's cursor is "?", what is too long is cut.</summary>
    public static string Shown(ReadOnlySpan<byte> name)
    {
        const int most = 200;
        string text = Encoding.UTF8.GetString(name);
        text = text.Length > most ? text[..most] + "…" : text;
        return text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? '?' : c)) : text;
    }
}
