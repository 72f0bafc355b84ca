namespace Lumos.Vm.Audit;

/// <summary>
/// /var/log/vm/logs: one file for each run that changes something, named as SmartOS names them
/// (milliseconds since 1970 - process id in six digits - name .log), so that names sort by time. It never grows beyond
/// <see cref="MostFiles"/> files and <see cref="MostBytes"/> together: the oldest make room for the newest.
/// </summary>
public static class AuditFolder
{
    public const int MostFiles = 1000;

    public const long MostBytes = 32 << 20;

    /// <summary>Opens the file of this run; null: it cannot be written, which never stops the work.</summary>
    public static FileStream? Open(string folder, string name, DateTimeOffset now)
    {
        try
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            MakeRoom(folder);
            return new FileStream(Path.Combine(folder, $"{now.ToUnixTimeMilliseconds()}-{Environment.ProcessId:d6}-{name}.log"), new FileStreamOptions
            {
                Mode = FileMode.Append,
                Access = FileAccess.Write,
                Share = FileShare.ReadWrite | FileShare.Delete,
                BufferSize = 0,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void MakeRoom(string folder)
    {
        var files = new DirectoryInfo(folder).EnumerateFiles("*.log").Select(file => (file.FullName, file.Name, Length: Length(file)))
            .OrderBy(file => file.Name, StringComparer.Ordinal).ToList();
        long bytes = files.Sum(file => file.Length);
        int count = files.Count;
        foreach (var file in files)
        {
            if (count < MostFiles && bytes <= MostBytes - AuditLog.MostBytes)
            {
                return;
            }
            File.Delete(file.FullName); // no error when another run was first
            bytes -= file.Length;
            count--;
        }
    }

    private static long Length(FileInfo file)
    {
        try
        {
            return file.Length;
        }
        catch (FileNotFoundException)
        {
            return 0;
        }
    }
}
