using System.Text;

namespace Lumos.Vm.Tests;

/// <summary>A folder's files as one run of bytes: what a dataset in memory holds of it.</summary>
internal static class FolderBlob
{
    public static byte[] Pack(string folder)
    {
        using var memory = new MemoryStream();
        using var writer = new BinaryWriter(memory, Encoding.UTF8);
        foreach (string path in Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            writer.Write(Path.GetRelativePath(folder, path));
            string? link = new FileInfo(path).LinkTarget;
            bool isFile = link is null && File.Exists(path);
            writer.Write(link ?? "");
            writer.Write(isFile);
            byte[] content = isFile ? File.ReadAllBytes(path) : [];
            writer.Write(content.Length);
            writer.Write(content);
        }
        return memory.ToArray();
    }

    public static void Unpack(byte[] blob, string folder)
    {
        Directory.CreateDirectory(folder);
        using var reader = new BinaryReader(new MemoryStream(blob), Encoding.UTF8);
        while (reader.BaseStream.Position < blob.Length)
        {
            string path = Path.Combine(folder, reader.ReadString());
            string link = reader.ReadString();
            bool isFile = reader.ReadBoolean();
            byte[] content = reader.ReadBytes(reader.ReadInt32());
            if (link.Length > 0)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.CreateSymbolicLink(path, link);
            }
            else if (isFile)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.WriteAllBytes(path, content);
            }
            else
            {
                Directory.CreateDirectory(path);
            }
        }
    }
}
